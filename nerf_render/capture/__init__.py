"""From a phone video of the lab to pictures with poses in the pitch frame.

`run.capture` does it all; `document` tells the folder that comes out.
"""
