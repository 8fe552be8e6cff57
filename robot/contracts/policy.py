"""What a policy bundle promises: all that an ONNX file alone leaves open.

A bundle is a directory with `spec.json` (a `PolicySpec`), the network or script it
describes, `golden.npz` (observations and the actions they must give) and `CARD.md`.
"""

import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from robot.contracts.camera import CameraModel
from robot.contracts.codec import from_plain, to_plain
from robot.contracts.errors import ContractError, raise_if_any
from robot.contracts.joints import JOINT_NAMES

SPEC_VERSION = 1
NETWORK_FILE = "policy.onnx"
"""In the bundle of a learned policy."""

Role = Literal["walk", "getup", "kick", "score"]
Engine = Literal["onnx", "scripted"]


@dataclass(frozen=True, kw_only=True)
class ObservationTerm:
    """One field of the observation vector.

    Attributes:
        name: a key of `robot.observation.TERM_SIZES`, or of its `GAME_TERM_SIZES`.
        size: numbers per time step.
        unit: physical unit of the raw value, "1" if none.
        frame: "torso", "heading" (the torso's yaw, level), "joint", "field" or "none".
        history: time steps kept, oldest first in the vector.
        mean: subtracted from the raw value, one per number; empty for none.
        std: then divided by, one per number; empty for none.
    """

    name: str
    size: int
    unit: str
    frame: str
    history: int = 1
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def faults(self) -> list[str]:
        found = []
        if self.size < 1 or self.history < 1:
            found.append(
                f"observation term {self.name}: expected size and history >= 1, "
                f"found {self.size} and {self.history}"
            )
        for label, values in (("mean", self.mean), ("std", self.std)):
            if values and len(values) != self.size:
                found.append(
                    f"observation term {self.name}: expected {self.size} values in "
                    f"{label} or none, found {len(values)}"
                )
        if any(not value > 0 for value in self.std):
            found.append(f"observation term {self.name}: expected std > 0")
        return found


@dataclass(frozen=True, kw_only=True)
class ObservationSpec:
    """The observation vector: its terms in order.

    Attributes:
        terms: concatenated in this order, each with its history.
        clip: normalized values are clipped to +-clip.
    """

    terms: tuple[ObservationTerm, ...]
    clip: float = 10.0

    @property
    def size(self) -> int:
        return sum(term.size * term.history for term in self.terms)

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """[size] to subtract from the whole vector; 0 where a term has none."""
        return self._per_number(
            [term.mean or (0.0,) * term.size for term in self.terms]
        )

    @cached_property
    def stds(self) -> NDArray[np.float64]:
        """[size] to divide the whole vector by; 1 where a term has none."""
        return self._per_number([term.std or (1.0,) * term.size for term in self.terms])

    def _per_number(self, values: list[tuple[float, ...]]) -> NDArray[np.float64]:
        """[size] from one step's values of each term, repeated over its history."""
        repeated = [
            np.tile(value, term.history)
            for term, value in zip(self.terms, values, strict=True)
        ]
        return np.concatenate(repeated)


@dataclass(frozen=True, kw_only=True)
class ActionSpec:
    """How a policy's numbers become joint position targets.

    target = clip(default_rad + scale_rad * action, min_rad, max_rad), then
    u_t = filter_keep * u_{t-1} + (1 - filter_keep) * target.

    Attributes:
        joints: controlled joints, in the action vector's order. Joints left out hold
            what the runtime gives them (the head follows the ball, for instance), and
            the policy observes them as if that were the stand, as while it learns.
        default_rad: target at action zero, one per joint.
        scale_rad: radians per unit of action, one per joint.
        min_rad: lowest target, one per joint.
        max_rad: highest target, one per joint.
        filter_keep: share of the previous target kept, in [0, 1).
    """

    joints: tuple[str, ...]
    default_rad: tuple[float, ...]
    scale_rad: tuple[float, ...]
    min_rad: tuple[float, ...]
    max_rad: tuple[float, ...]
    filter_keep: float

    def faults(self) -> list[str]:
        found = [
            f"action joint {name!r}: expected one of {', '.join(JOINT_NAMES)}"
            for name in self.joints
            if name not in JOINT_NAMES
        ]
        if len(set(self.joints)) != len(self.joints):
            found.append("action joints: expected each once, found a repeated name")
        for label in ("default_rad", "scale_rad", "min_rad", "max_rad"):
            values = getattr(self, label)
            if len(values) != len(self.joints):
                found.append(
                    f"action {label}: expected {len(self.joints)} values, one per "
                    f"joint, found {len(values)}"
                )
        if not 0 <= self.filter_keep < 1:
            found.append(
                f"action filter_keep: expected 0 <= value < 1, found {self.filter_keep}"
            )
        return found


@dataclass(frozen=True, kw_only=True)
class CommandSpec:
    """What a caller may ask of the policy; requests are clipped to these bounds.

    Attributes:
        names: e.g. forward_m_s, left_m_s, turn_rad_s (torso frame, counter-clockwise).
        low: lowest value of each.
        high: highest value of each.
        least: smallest of each, either way, that the policy answers: a walk may stand
            when told to creep. Empty: it answers all.
    """

    names: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    least: tuple[float, ...] = ()

    def faults(self) -> list[str]:
        if self.least and len(self.least) != len(self.names):
            return [
                f"command.least: expected none or {len(self.names)} numbers, found "
                f"{len(self.least)}"
            ]
        if any(value < 0 for value in self.least):
            return [f"command.least: expected numbers >= 0, found {self.least}"]
        if not len(self.names) == len(self.low) == len(self.high):
            return [
                f"command: expected as many low and high as names, found "
                f"{len(self.names)} names, {len(self.low)} low, {len(self.high)} high"
            ]
        return [
            f"command {name}: expected low <= high, found {low} > {high}"
            for name, low, high in zip(self.names, self.low, self.high, strict=True)
            if low > high
        ]


@dataclass(frozen=True, kw_only=True)
class KickSpec:
    """Where a kick with a told foot wants the ball, and where it sends it.

    Attributes:
        ahead_m: least and largest distance of the ball ahead of the torso at which it
            hits.
        aside_m: least and largest distance to the kicking foot's side.
        turn_rad_m: how far outward the ball goes for each metre that it lies farther to
            that side than the middle of that range.
        settle_s: standing still before it, for a robot that has walked.
        outward_rad: how far outward a ball in the middle of both ranges goes; less than
            0 is inward.
    """

    ahead_m: tuple[float, float]
    aside_m: tuple[float, float]
    turn_rad_m: float
    settle_s: float
    outward_rad: float = 0.0

    @property
    def point_m(self) -> tuple[float, float]:
        """Where the ball lies best: (ahead, to the foot's side)."""
        return sum(self.ahead_m) / 2, sum(self.aside_m) / 2

    def faults(self) -> list[str]:
        found = [
            f"kick.{name}: expected least < largest, found {low}, {high}"
            for name, (low, high) in (
                ("ahead_m", self.ahead_m),
                ("aside_m", self.aside_m),
            )
            if not low < high
        ]
        if not self.settle_s >= 0:
            found.append(f"kick.settle_s: expected >= 0, found {self.settle_s}")
        return found


@dataclass(frozen=True, kw_only=True)
class ServoGains:
    """Register values of the XM430's position loop (P 800, I 0, D 0 as the vendor)."""

    position_p: int = 800
    position_i: int = 0
    position_d: int = 0


@dataclass(frozen=True, kw_only=True)
class PolicySpec:
    """The contract of one policy, stored as `spec.json`.

    Attributes:
        name: for reports.
        role: which skill it provides.
        engine: "onnx" (`policy.onnx`) or "scripted" (`script.json`, with
            `correction.onnx` for a kick that a policy corrects).
        control_period_s: time between two actions.
        observation: the input vector.
        action: the output vector.
        command: the part of the input that a caller chooses.
        clock_hz: frequency of the `gait_clock` term; 0 without one.
        commit_s: a started skill is not left earlier, except for a fall.
        gets_up: a score policy that also plays while it lies: it needs no get-up.
        kick: of a kick with a told foot; None for all else.
        state_shapes: recurrent state arrays, in and out, without batch axis.
        camera: an undistorted camera whose newest picture is a second input, [H, W, 3]
            uint8 RGB; None for a policy that does not see.
        gains: servo gains it was trained or tuned for.
        robot_model_sha256: `sim.robot_model.model_hash()` it was made with.
        made_by: command that reproduces it.
        commit: git commit it was made at.
        version: of this format.
    """

    name: str
    role: Role
    engine: Engine
    control_period_s: float
    observation: ObservationSpec
    action: ActionSpec
    command: CommandSpec
    clock_hz: float
    commit_s: float
    state_shapes: tuple[tuple[int, ...], ...]
    gains: ServoGains
    robot_model_sha256: str
    made_by: str
    commit: str
    camera: CameraModel | None = None
    gets_up: bool = False
    kick: KickSpec | None = None
    version: int = SPEC_VERSION

    def faults(self) -> list[str]:
        """Everything that contradicts the contract, in words; empty if sound."""
        found = []
        if self.version != SPEC_VERSION:
            found.append(_version_fault(self.version))
        if not (math.isfinite(self.control_period_s) and self.control_period_s > 0):
            found.append(
                f"control_period_s: expected > 0, found {self.control_period_s}"
            )
        for term in self.observation.terms:
            found += term.faults()
        if self.camera is not None:
            found += [f"camera.{fault}" for fault in self.camera.faults()]
            if self.camera.distortion != "none":
                found.append(
                    "camera.distortion: expected none, found "
                    f"{self.camera.distortion}; the runtime undistorts for the policy"
                )
            if self.engine == "scripted":
                found.append("camera: expected none for a scripted policy, found one")
        if self.gets_up and self.role != "score":
            found.append(
                f"gets_up: expected true only of a score policy, found role {self.role}"
            )
        if self.kick is not None:
            found += self.kick.faults()
            if self.role != "kick":
                found.append(
                    f"kick: expected only of a kick, found one of role {self.role}"
                )
        return found + self.action.faults() + self.command.faults()


def read_spec(path: Path) -> PolicySpec:
    """Read and check `spec.json`.

    Raises:
        ContractError: missing, not JSON, or not this contract; lists every fault.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ContractError(
            str(path),
            [
                "expected a policy bundle's spec.json, found no such file; give the "
                "folder that holds spec.json, e.g. policies/walk"
            ],
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ContractError(str(path), [f"expected JSON, found {error}"]) from None
    # Before the fields: another version may have others.
    if isinstance(plain, dict) and plain.get("version", SPEC_VERSION) != SPEC_VERSION:
        raise ContractError(str(path), [_version_fault(plain["version"])])
    spec = from_plain(PolicySpec, plain, subject=str(path))
    raise_if_any(str(path), spec.faults())
    return spec


def write_spec(path: Path, spec: PolicySpec) -> None:
    """Write `spec` as JSON; floats keep full precision."""
    raise_if_any(str(path), spec.faults())
    path.write_text(json.dumps(to_plain(spec), indent=1) + "\n", encoding="utf-8")


def _version_fault(found: object) -> str:
    return (
        f"version: expected {SPEC_VERSION}, found {found}; export the policy again "
        f"with this release"
    )
