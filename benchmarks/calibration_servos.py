"""Servos, sensor board and delays of hidden robots, measured over the emulated bus.

    python -m benchmarks.calibration_servos servo --robots 1 10 --out servo.json

Prints one JSON object: each robot's errors against its true values, and the worst.
"""

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calibration.imu import POSITIONS, Rest, fit_imu, measure_rests, quaternion
from calibration.latency import lags, nods
from calibration.motion_player import MotionPlayer, Recording
from calibration.picture_motion import PictureWatch, PollingClock
from calibration.servo import parameters
from calibration.servo.fit import FitConfig, fit_limb
from calibration.servo.limb_model import LimbModel
from calibration.servo.motions import Motion, servo_motions
from calibration.servo.session import (
    identify,
    measure,
    missing,
    recorded,
    servo_fits,
)
from calibration.store import Store
from cli.hidden_robot import HiddenRobot, VirtualHand
from firmware_bridge.units import RAD_PER_TICK
from robot.contracts.actuator import NOMINAL_SERVOS
from robot.contracts.calibration import Provenance, ServoPart
from robot.contracts.joints import JOINT_NAMES
from robot.joint_map import default_joint_map, with_zeros
from sim.hidden_dynamics import HiddenDynamics, draw_dynamics

SUPPLY_V = 11.1
HEAD = ("head_pan", "head_tilt")
BUS_MOTIONS = ("steps bent", "sweep bent")


def servo_errors(seed: int, records: Path | None = None) -> dict[str, Any]:
    """All twenty servos; zeros known to 0.3 deg, as `calibrate zeros` leaves them.

    Args:
        seed: which robot.
        records: folder that keeps what was recorded; what it holds is not played again.
    """
    truth = draw_dynamics(seed)
    motions = servo_motions(JOINT_NAMES)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) if records is None else records / f"robot-{seed}"
        recordings = _recordings(truth, seed, motions, Store(place, "servo", {}))
    config = FitConfig(zero_sigma_rad=0.006)
    results = identify(JOINT_NAMES, motions, recordings, NOMINAL_SERVOS, config=config)
    fits = servo_fits(results)
    blank = Provenance(made="", robot="", procedure="", residual="", measurements=1)
    servos = ServoPart(provenance=blank, fits=fits).servos()
    floor = math.hypot(truth.angle_noise_rad, RAD_PER_TICK / math.sqrt(12))
    found = {}
    for fit in fits:
        true = truth.servos.servo(fit.joint)
        ours = parameters.figures(servos.servo(fit.joint), SUPPLY_V)
        theirs = parameters.figures(true, SUPPLY_V)
        delay_s = true.command_delay_s + truth.joint_age_s
        found[fit.joint] = {
            "gain": ours.gain_nm_rad / theirs.gain_nm_rad - 1,
            "torque_limit": ours.torque_limit_nm / theirs.torque_limit_nm - 1,
            "damping": ours.damping_nm_s / theirs.damping_nm_s - 1,
            "friction": ours.friction_nm / theirs.friction_nm - 1,
            "armature": servos.servo(fit.joint).armature_kg_m2 / true.armature_kg_m2
            - 1,
            "delay": servos.servo(fit.joint).command_delay_s / delay_s - 1,
            "hold_out_deg": math.degrees(fit.hold_out_rad),
            "over_noise_floor": fit.hold_out_rad / floor,
        }
    return {**_spread(found, truth), "joints": found}


def _recordings(
    truth: HiddenDynamics, seed: int, motions: Sequence[Motion], store: Store
) -> list[Recording]:
    if missing(store, "all", motions):
        left = np.radians(0.3) * np.random.default_rng(seed).standard_normal(20)
        known = (truth.zero_rad + left).tolist()
        zeros = dict(zip(JOINT_NAMES, known, strict=True))
        robot = HiddenRobot(truth, seed, with_zeros(default_joint_map(), zeros))
        VirtualHand(robot).hang()
        with MotionPlayer(robot.devices, robot, "servo") as player:
            measure(store, "all", motions, player)
    return recorded(store, "all", motions)


def _spread(found: dict[str, dict[str, float]], truth: HiddenDynamics) -> dict:
    names = next(iter(found.values()))
    worst = {n: max(abs(row[n]) for row in found.values()) for n in names}
    rms = {
        n: math.sqrt(np.mean([row[n] ** 2 for row in found.values()])) for n in names
    }
    return {"battery_v": truth.battery_v, "worst": worst, "rms": rms}


def imu_errors(seed: int) -> dict[str, Any]:
    """Orientation and biases of the sensor board from five positions."""
    truth = draw_dynamics(seed)
    robot = HiddenRobot(truth, seed)
    hand = VirtualHand(robot, seed)
    rests: dict[str, Rest] = {}
    measure_rests(
        POSITIONS,
        lambda position: hand.turn(position.told, position.quat_wxyz),
        robot.devices.board,
        robot,
        lambda position, rest: rests.update({position.name: rest}),
    )
    fit = fit_imu(rests)
    turned = np.array(quaternion(fit.rotation)) @ truth.imu_quat_wxyz
    gyro = fit.gyro_bias_rad_s - truth.gyro_bias_rad_s
    force = fit.acceleration_bias_m_s2 - truth.acceleration_bias_m_s2
    return _one(
        {
            "orientation_deg": math.degrees(2 * math.acos(min(1.0, abs(turned)))),
            "gyro_bias_rad_s": float(np.linalg.norm(gyro)),
            "acceleration_bias_m_s2": float(np.linalg.norm(force)),
        }
    )


def latency_errors(seed: int) -> dict[str, Any]:
    """Ages of pictures and gyro, and the bus' delay by the head's servos."""
    truth = draw_dynamics(seed)
    robot = HiddenRobot(truth, seed)
    hand = VirtualHand(robot, seed)
    motions = [m for m in servo_motions(HEAD, seconds=4.0) if m.name in BUS_MOTIONS]
    hand.stand()
    with robot.camera() as camera:
        watch = PictureWatch(camera)
        player = MotionPlayer(robot.devices, PollingClock(robot, watch.look), "latency")
        goals = nods()
        with player:
            player.go_to(goals[0])
            hand.let_go()
            heads = []
            for motion in motions:
                player.go_to(motion.goals_rad[0])
                heads.append(player.play(motion.goals_rad))
            player.go_to(goals[0])
            watch.forget()
            recording = player.play(goals)
    found = lags(recording, watch.shifts())
    with LimbModel("head") as model:
        fit = fit_limb(model, heads, NOMINAL_SERVOS, HEAD)
    delays = fit.table[:, parameters.NAMES.index("delay_s")]
    true = [truth.servos.servo(name).command_delay_s for name in HEAD]
    camera_s = truth.camera_delay_s - truth.joint_age_s
    return _one(
        {
            "camera_ms": 1e3 * (found.camera.value - camera_s),
            "gyro_ms": 1e3
            * (found.gyro.shift_s - (truth.imu_age_s - truth.joint_age_s)),
            "bus_ms": 1e3 * float(np.mean(delays) - np.mean(true) - truth.joint_age_s),
            "camera_to_action_ms": 1e3
            * float(
                found.camera.value
                + np.mean(delays)
                - truth.camera_delay_s
                - np.mean(true)
            ),
        }
    )


def _one(errors: dict[str, float]) -> dict[str, Any]:
    return {
        "worst": {name: abs(value) for name, value in errors.items()},
        "rms": errors,
    }


STEPS = {"imu": imu_errors, "latency": latency_errors}


def main() -> None:
    """Measure robot after robot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["servo", *STEPS])
    parser.add_argument("--robots", type=int, nargs=2, default=(1, 10))
    parser.add_argument("--out", type=Path)
    parser.add_argument(
        "--records", type=Path, help="keep what servo records here, and use it again"
    )
    args = parser.parse_args()
    first, last = args.robots
    robots = {}
    for seed in range(first, last + 1):
        if args.step == "servo":
            robots[seed] = servo_errors(seed, args.records)
        else:
            robots[seed] = STEPS[args.step](seed)
        print(f"robot {seed}: {robots[seed]['worst']}", file=sys.stderr, flush=True)
        names = robots[seed]["worst"]
        total = {n: max(r["worst"][n] for r in robots.values()) for n in names}
        mean = {
            n: math.sqrt(np.mean([r["rms"][n] ** 2 for r in robots.values()]))
            for n in names
        }
        done = {"step": args.step, "worst": total, "rms": mean, "robots": robots}
        if args.out:
            args.out.write_text(json.dumps(done, indent=1) + "\n")
    print(json.dumps({"step": args.step, "worst": total, "rms": mean}, indent=1))


if __name__ == "__main__":
    main()
