"""Scripted bundles: their specs, and loading them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from robot.contracts.codec import from_plain, to_plain
from robot.contracts.errors import ContractError
from robot.contracts.joints import OP3_JOINTS
from robot.contracts.policy import (
    ActionSpec,
    CommandSpec,
    KickSpec,
    ObservationSpec,
    ObservationTerm,
    PolicySpec,
    Role,
    ServoGains,
)
from robot.scripted import correction
from robot.scripted.gait import GaitScript, WalkPolicy
from robot.scripted.getup import GetupPolicy, GetupScript
from robot.scripted.kick import KickPolicy, KickScript
from robot.scripted.motion import BODY_JOINTS
from robot.scripted.parameters import Script

ScriptedPolicy: TypeAlias = WalkPolicy | GetupPolicy | KickPolicy

SCRIPT_KIND: dict[Role, type[Script]] = {
    "walk": GaitScript,
    "getup": GetupScript,
    "kick": KickScript,
}
CONTROL_PERIOD_S = 0.025
_TERMS = {
    "velocity_command": ObservationTerm(
        name="velocity_command", size=3, unit="m/s, m/s, rad/s", frame="torso"
    ),
    "kick_side": ObservationTerm(name="kick_side", size=1, unit="1", frame="none"),
    "gravity": ObservationTerm(name="gravity", size=3, unit="1", frame="torso"),
    "gyro": ObservationTerm(name="gyro", size=3, unit="rad/s", frame="torso"),
    "previous_target": ObservationTerm(
        name="previous_target", size=20, unit="rad", frame="joint"
    ),
}
_COMMON = ("gravity", "gyro", "previous_target")
_ROLE_TERMS: dict[Role, tuple[str, ...]] = {
    "walk": ("velocity_command", *_COMMON),
    "getup": _COMMON,
    "kick": ("kick_side", *_COMMON),
}


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a bundle comes from; the fields of `PolicySpec` of the same names."""

    robot_model_sha256: str
    made_by: str
    commit: str


def load(folder: Path, spec: PolicySpec, *, corrected: bool = True) -> ScriptedPolicy:
    """The policy whose `script.json` lies in `folder`.

    Args:
        folder: of the bundle.
        spec: of the bundle; one of a corrected kick asks for `correction.onnx` too.
        corrected: false gives such a kick without its correction, as a spec of its own.

    Raises:
        ContractError: no such file, not JSON, or not the script of the spec's role; a
            correction of another shape.
    """
    path = folder / "script.json"
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ContractError(
            str(path), ["expected a scripted bundle's script.json, found no such file"]
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ContractError(str(path), [f"expected JSON, found {error}"]) from None
    script = from_plain(SCRIPT_KIND[spec.role], plain, subject=str(path))
    if not isinstance(script, KickScript):
        return make_policy(spec, script)
    if spec.state_shapes != KickPolicy.CORRECTED_SHAPES:
        return KickPolicy(spec, script)
    if not corrected:
        plain = Provenance(
            robot_model_sha256=spec.robot_model_sha256,
            made_by=spec.made_by,
            commit=spec.commit,
        )
        return KickPolicy(scripted_spec(script, plain, spec.kick), script)
    network = folder / correction.FILE
    if not network.is_file():
        raise ContractError(
            str(network),
            ["expected the network that corrects this kick, found no such file"],
        )
    return KickPolicy(
        spec, script, correction.OnnxCorrection(network, spec.observation)
    )


def make_policy(spec: PolicySpec, script: Script) -> ScriptedPolicy:
    """The policy that plays `script`."""
    if isinstance(script, GaitScript):
        return WalkPolicy(spec, script)
    if isinstance(script, GetupScript):
        return GetupPolicy(spec, script)
    return KickPolicy(spec, script)


def script_text(script: Script) -> str:
    """`script.json` of a script."""
    return json.dumps(to_plain(script), indent=1) + "\n"


def scripted_spec(
    script: Script, provenance: Provenance, kick: KickSpec | None = None
) -> PolicySpec:
    """The spec of the bundle that holds `script`; `kick` is where a kick wants the
    ball."""
    role = role_of(script)
    command, states = _command_and_states(script)
    return PolicySpec(
        name=f"scripted {role}",
        role=role,
        engine="scripted",
        control_period_s=CONTROL_PERIOD_S,
        observation=ObservationSpec(
            terms=tuple(_TERMS[name] for name in _ROLE_TERMS[role])
        ),
        action=_targets_as_actions(),
        command=command,
        clock_hz=0.0,
        commit_s=script.commit_s,
        state_shapes=states,
        gains=ServoGains(),
        kick=kick,
        robot_model_sha256=provenance.robot_model_sha256,
        made_by=provenance.made_by,
        commit=provenance.commit,
    )


def role_of(script: Script) -> Role:
    """Which skill a script is for."""
    return next(r for r, kind in SCRIPT_KIND.items() if isinstance(script, kind))


def _command_and_states(
    script: Script,
) -> tuple[CommandSpec, tuple[tuple[int, ...], ...]]:
    if isinstance(script, GaitScript):
        command = CommandSpec(
            names=("forward_m_s", "left_m_s", "turn_rad_s"),
            low=script.lowest_command,
            high=script.highest_command,
        )
        return command, WalkPolicy.STATE_SHAPES
    if isinstance(script, GetupScript):
        return CommandSpec(names=(), low=(), high=()), GetupPolicy.STATE_SHAPES
    command = CommandSpec(names=("kick_side",), low=(-1.0,), high=(1.0,))
    return command, KickPolicy.STATE_SHAPES


def _targets_as_actions() -> ActionSpec:
    """Action = joint target in rad, unfiltered."""
    joints = OP3_JOINTS[: len(BODY_JOINTS)]
    return ActionSpec(
        joints=BODY_JOINTS,
        default_rad=(0.0,) * len(joints),
        scale_rad=(1.0,) * len(joints),
        min_rad=tuple(joint.min_rad for joint in joints),
        max_rad=tuple(joint.max_rad for joint in joints),
        filter_keep=0.0,
    )
