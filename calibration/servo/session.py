"""Measuring servos: play what is missing, keep each motion, fit limb by limb."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.limbs import LIMBS
from calibration.motion_player import MotionPlayer, Recording
from calibration.servo import parameters
from calibration.servo.fit import FitConfig, LimbFit, angle_errors, fit_limb
from calibration.servo.limb_model import LimbModel, LimbTrack
from calibration.servo.motions import Motion
from calibration.store import Store
from robot.contracts.actuator import ServoCalibration
from robot.contracts.calibration import ServoFit

FloatArray = NDArray[np.float64]
STEP = "servo"


@dataclass(frozen=True, kw_only=True)
class LimbResult:
    """One limb: the fit, and how it does on motions that were held out.

    Attributes:
        fit: the numbers.
        hold_out_rad: [n] rms angle error there.
        held_out: those recordings.
        tracks: what the law says of them.
        supply_v: mean voltage of all recordings.
    """

    fit: LimbFit
    hold_out_rad: FloatArray
    held_out: tuple[Recording, ...]
    tracks: tuple[LimbTrack, ...]
    supply_v: float


def missing(store: Store, group: str, motions: Sequence[Motion]) -> list[Motion]:
    """Motions that have not been recorded yet."""
    return [motion for motion in motions if not store.has(_key(group, motion))]


def measure(
    store: Store,
    group: str,
    motions: Sequence[Motion],
    player: MotionPlayer,
    report: Callable[[str], None] = lambda text: None,
) -> None:
    """Play the motions that are missing; each is on the disk before the next begins.

    Args:
        store: of the step.
        group: what the user called the joints: part of the keys.
        motions: all of them.
        player: inside its context.
        report: told each motion's name.

    Raises:
        CalibrationError: a servo stalled, an angle left its range, or a stop.
        RuntimeFault: a servo or the board failed.
    """
    for motion in missing(store, group, motions):
        report(motion.name)
        player.go_to(motion.goals_rad[0])
        keep(store, _key(group, motion), player.play(motion.goals_rad))


def keep(store: Store, key: str, recording: Recording) -> None:
    """Write one recording."""
    arrays = {field.name: getattr(recording, field.name) for field in fields(Recording)}
    name = store.keep_arrays(key, **arrays)
    store.add(key, {"file": name, "rows": len(recording.read_s)})


def kept(store: Store, key: str) -> Recording:
    """Read one recording."""
    (row,) = [row for row in store.rows(key) if row["key"] == key]
    return Recording(**store.arrays(row["file"]))


def recorded(store: Store, group: str, motions: Sequence[Motion]) -> list[Recording]:
    """All motions' recordings.

    Raises:
        CalibrationError: some are missing.
    """
    absent = missing(store, group, motions)
    if absent:
        names = ", ".join(motion.name for motion in absent)
        raise CalibrationError(
            STEP, [f"expected all motions recorded, found none of {names}; start again"]
        )
    return [kept(store, _key(group, motion)) for motion in motions]


def identify(
    joints: tuple[str, ...],
    motions: Sequence[Motion],
    recordings: Sequence[Recording],
    servos: ServoCalibration,
    report: Callable[[str], None] = lambda text: None,
    config: FitConfig | None = None,
) -> dict[str, LimbResult]:
    """Fit all limbs that have servos among `joints`; by limb.

    Args:
        joints: that moved.
        motions: which.
        recordings: one per motion.
        servos: what is known: the prior, and the law of servos that did not move.
        report: told each limb's name.
        config: of the fit.
    """
    fitted = [r for r, m in zip(recordings, motions, strict=True) if not m.held_out]
    held = [r for r, m in zip(recordings, motions, strict=True) if m.held_out]
    supply_v = float(np.mean([recording.supply_v.mean() for recording in recordings]))
    found = {}
    for limb, members in LIMBS.items():
        wanted = tuple(joint for joint in members if joint in joints)
        if not wanted:
            continue
        report(limb)
        with LimbModel(limb) as model:
            fit = fit_limb(model, fitted, servos, wanted, config)
            tracks, errors = angle_errors(model, held, servos, fit.table)
        found[limb] = LimbResult(
            fit=fit,
            hold_out_rad=errors,
            held_out=tuple(held),
            tracks=tuple(tracks),
            supply_v=supply_v,
        )
    return found


def servo_fits(results: dict[str, LimbResult]) -> tuple[ServoFit, ...]:
    """The part of the calibration file."""
    found = []
    for result in results.values():
        fit = result.fit
        for row, joint in enumerate(fit.joints):
            if joint not in fit.fitted:
                continue
            found.append(
                ServoFit(
                    joint=joint,
                    parameters=parameters.estimates(
                        fit.table[row], fit.covariance[row]
                    ),
                    supply_v=result.supply_v,
                    hold_out_rad=float(result.hold_out_rad[row]),
                    noise_rad=float(fit.noise_rad[row]),
                )
            )
    return tuple(found)


def _key(group: str, motion: Motion) -> str:
    return f"{group} {motion.name}"
