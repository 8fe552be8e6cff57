"""Which servo moves which joint, with what sign and zero. Calibration enters here."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robot.contracts.codec import from_plain, to_plain
from robot.contracts.errors import ContractError, raise_if_any
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS

XM430_W350_MODEL = 1020
"""Model number in the servo's register 0 (ROBOTIS e-Manual, XM430-W350)."""

HIGHEST_SERVO_ID = 252
"""Protocol 2.0 keeps 253 to 255 for itself (ROBOTIS e-Manual, Protocol 2.0)."""


@dataclass(frozen=True, kw_only=True)
class JointMapEntry:
    """One servo's place in the body.

    Attributes:
        joint: name from `robot.contracts.joints`.
        servo_id: on the bus.
        model_number: expected answer to a ping.
        sign: +1, or -1 where the horn is mounted mirrored.
        zero_rad: servo angle at joint angle zero.
    """

    joint: str
    servo_id: int
    model_number: int = XM430_W350_MODEL
    sign: int = 1
    zero_rad: float = 0.0


@dataclass(frozen=True)
class JointMap:
    """All joints of one robot; arrays in and out are in `JOINT_NAMES` order.

    joint = sign * (servo - zero). The bus must list its servos as `servo_ids`.

    Raises:
        ContractError: a joint missing, unknown or repeated, an id repeated or out of
            range, a sign other than +-1; lists them all.
    """

    entries: tuple[JointMapEntry, ...]

    def __post_init__(self) -> None:
        raise_if_any("joint map", _faults(self.entries))

    @cached_property
    def _ordered(self) -> tuple[JointMapEntry, ...]:
        by_name = {entry.joint: entry for entry in self.entries}
        return tuple(by_name[name] for name in JOINT_NAMES)

    @cached_property
    def servo_ids(self) -> tuple[int, ...]:
        """Servo ids in canonical joint order."""
        return tuple(entry.servo_id for entry in self._ordered)

    @cached_property
    def _sign(self) -> NDArray[np.float64]:
        return np.array([entry.sign for entry in self._ordered], dtype=np.float64)

    @cached_property
    def _zero_rad(self) -> NDArray[np.float64]:
        return np.array([entry.zero_rad for entry in self._ordered])

    def joint_positions(self, servo_rad: NDArray[np.float64]) -> NDArray[np.float64]:
        """[20] joint angles from [20] servo angles."""
        return self._sign * (servo_rad - self._zero_rad)

    def joint_rates(self, servo_rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """[20] joint speeds or currents from the servos' (sign only)."""
        return self._sign * servo_rates

    def servo_positions(self, joint_rad: NDArray[np.float64]) -> NDArray[np.float64]:
        """[20] servo angles from [20] joint angles."""
        return self._sign * joint_rad + self._zero_rad

    def model_faults(self, models: Mapping[int, int]) -> list[str]:
        """What contradicts this map on the bus.

        Args:
            models: model number by servo id, of all servos that answered a ping.
        """
        found = []
        for entry in self._ordered:
            model = models.get(entry.servo_id)
            if model is None:
                found.append(
                    f"{entry.joint}: expected servo id {entry.servo_id}, "
                    f"found no answer"
                )
            elif model != entry.model_number:
                found.append(
                    f"{entry.joint}: expected model {entry.model_number} at servo id "
                    f"{entry.servo_id}, found model {model}"
                )
        return found


def default_joint_map() -> JointMap:
    """The vendor's ids, no sign flips, all zeros exact (ROBOTIS OP3.robot)."""
    return JointMap(
        tuple(
            JointMapEntry(joint=joint.name, servo_id=joint.servo_id)
            for joint in OP3_JOINTS
        )
    )


def with_zeros(joint_map: JointMap, zeros_rad: Mapping[str, float]) -> JointMap:
    """`joint_map` with the zeros of a calibration; joints left out keep theirs.

    Args:
        joint_map: ids, signs and models.
        zeros_rad: joint name to servo angle at joint angle zero, e.g.
            `robot.contracts.calibration.CalibrationBundle.zeros_rad`.

    Raises:
        ContractError: an unknown joint.
    """
    raise_if_any(
        "joint zeros",
        [
            f"joint {name}: expected one of {', '.join(JOINT_NAMES)}"
            for name in zeros_rad
            if name not in JOINT_NAMES
        ],
    )
    return JointMap(
        tuple(
            replace(entry, zero_rad=zeros_rad.get(entry.joint, entry.zero_rad))
            for entry in joint_map.entries
        )
    )


def read_joint_map(path: Path) -> JointMap:
    """Read a joint map from JSON: a list of `JointMapEntry` objects.

    Raises:
        ContractError: missing, not JSON, or a wrong map; lists every fault.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ContractError(
            str(path), ["expected a joint map, found no such file"]
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ContractError(str(path), [f"expected JSON, found {error}"]) from None
    entries = from_plain(tuple[JointMapEntry, ...], plain, subject=str(path))
    raise_if_any(str(path), _faults(entries))
    return JointMap(entries)


def write_joint_map(path: Path, joint_map: JointMap) -> None:
    """Write the map as JSON."""
    plain = to_plain(joint_map.entries)
    path.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")


def _faults(entries: tuple[JointMapEntry, ...]) -> list[str]:
    joints = Counter(entry.joint for entry in entries)
    ids = Counter(entry.servo_id for entry in entries)
    found = [
        f"joint {name}: expected one entry, found none"
        for name in JOINT_NAMES
        if name not in joints
    ]
    found += [
        f"joint {name}: expected one of {', '.join(JOINT_NAMES)}"
        for name in joints
        if name not in JOINT_NAMES
    ]
    found += [
        f"joint {name}: expected one entry, found {count}"
        for name, count in joints.items()
        if count > 1
    ]
    for servo_id, count in ids.items():
        if count > 1:
            names = ", ".join(e.joint for e in entries if e.servo_id == servo_id)
            found.append(
                f"servo id {servo_id}: expected one joint, found {count}: {names}"
            )
        if not 0 <= servo_id <= HIGHEST_SERVO_ID:
            found.append(f"servo id {servo_id}: expected 0 to {HIGHEST_SERVO_ID}")
    found += [
        f"joint {entry.joint}: expected sign 1 or -1, found {entry.sign}"
        for entry in entries
        if entry.sign not in (1, -1)
    ]
    return found
