"""The OP3's scripted skills: gait, get-up and kick, in NumPy, data in `script.json`.

What ROBOTIS ships for the OP3 is the model. The policies have the interface of a
learned bundle; `load` is called by `robot.policy`.
"""

from robot.scripted.bundle import load

__all__ = ["load"]
