"""Servos, sensor board and delays of hidden robots, measured over the emulated bus.

    python -m benchmarks.calibration_servos servo --robots 1 10 --out servo.json

Prints one JSON object: each robot's errors against its true values, and the worst.
"""

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from calibration.motion_player import MotionPlayer
from calibration.servo import parameters
from calibration.servo.fit import FitConfig
from calibration.servo.motions import servo_motions
from calibration.servo.session import identify, measure, recorded, servo_fits
from calibration.store import Store
from cli.hidden_robot import HiddenRobot, VirtualHand
from firmware_bridge.units import RAD_PER_TICK
from robot.contracts.actuator import NOMINAL_SERVOS
from robot.contracts.calibration import Provenance, ServoPart
from robot.contracts.joints import JOINT_NAMES
from robot.joint_map import default_joint_map, with_zeros
from sim.hidden_dynamics import HiddenDynamics, draw_dynamics

SUPPLY_V = 11.1


def servo_errors(seed: int) -> dict[str, Any]:
    """All twenty servos; zeros known to 0.3 deg, as `calibrate zeros` leaves them."""
    truth = draw_dynamics(seed)
    left = np.radians(0.3) * np.random.default_rng(seed).standard_normal(20)
    zeros = dict(zip(JOINT_NAMES, (truth.zero_rad + left).tolist(), strict=True))
    robot = HiddenRobot(truth, seed, with_zeros(default_joint_map(), zeros))
    VirtualHand(robot).hang()
    motions = servo_motions(JOINT_NAMES)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), "servo", {})
        player = MotionPlayer(robot.devices, robot, "servo")
        with player:
            measure(store, "all", motions, player)
        recordings = recorded(store, "all", motions)
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
    return {"measured_s": robot.now(), **_spread(found, truth), "joints": found}


def _spread(found: dict[str, dict[str, float]], truth: HiddenDynamics) -> dict:
    names = next(iter(found.values()))
    worst = {n: max(abs(row[n]) for row in found.values()) for n in names}
    rms = {
        n: math.sqrt(np.mean([row[n] ** 2 for row in found.values()])) for n in names
    }
    return {"battery_v": truth.battery_v, "worst": worst, "rms": rms}


STEPS = {"servo": servo_errors}


def main() -> None:
    """Measure robot after robot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=list(STEPS))
    parser.add_argument("--robots", type=int, nargs=2, default=(1, 10))
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    first, last = args.robots
    robots = {}
    for seed in range(first, last + 1):
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
