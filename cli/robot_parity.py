"""`op3-soccer robot parity BUNDLE`: training environment and runtime, side by side."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track as with_progress

from cli.arguments import at_least_one, from_zero, positive_seconds
from cli.robot_parity_compare import (
    apart_at,
    equal_observations,
    outcome,
    sensing_errors,
)
from cli.robot_parity_onboard import OnboardTrack, roll_onboard
from cli.robot_parity_report import BusTrack, ParityReport, plain, print_report
from robot.contracts.errors import ContractError
from robot.contracts.policy import read_spec
from robot.faults import RuntimeFault
from robot.player import Player, load_player
from robot.runtime_config import RuntimeConfig
from robot.skills import SkillRequest
from sim.parity import Track, TrainingPath, walk_figures
from sim.robot_model import ModelError

ERRORS = (ContractError, ModelError, RuntimeFault)
BOUNDS_BROKEN = 1
POLICIES = Path(__file__).parent.parent / "policies"
COMMANDS = (
    ("forward", (0.4, 0.0, 0.0)),
    ("slow", (0.2, 0.0, 0.0)),
    ("left", (0.0, 0.15, 0.0)),
    ("turn", (0.0, 0.0, 1.0)),
    ("mixed", (0.3, 0.05, 0.5)),
)
"""Figures are taken under these, clipped to what the bundle allows."""
ALIGNED_S = 0.005
"""A bus cycle as long as a physics step: no policy step is late."""
_STEPS_SHOWN = (0, 1, 2, 5, 10, 20, 40, 80, 160, 320)
_SETTLED_S = 2.0

Command = tuple[float, float, float]


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "parity",
        help="one bundle in the training environment and in the runtime",
        description="Lets one walk bundle start from equal states in the training "
        "environment and in the onboard runtime on an emulated bus, without "
        "randomization, and says where they differ and why. Exit code 1: a bound is "
        "broken.",
    )
    parser.add_argument("bundle", type=Path, help="a walk bundle, e.g. policies/walk")
    parser.add_argument(
        "--defaults",
        type=Path,
        default=POLICIES / "scripted",
        metavar="DIR",
        help="skills that the bundle lacks (policies/scripted)",
    )
    parser.add_argument(
        "--steps",
        type=at_least_one,
        default=200,
        metavar="N",
        help="policy steps compared one by one (%(default)s)",
    )
    parser.add_argument(
        "--episodes",
        type=from_zero,
        default=50,
        metavar="N",
        help="for speeds and falls, over five commands; 0 for none (%(default)s)",
    )
    parser.add_argument(
        "--seconds",
        type=positive_seconds,
        default=10.0,
        metavar="N",
        help="length of those episodes (%(default)g)",
    )
    parser.add_argument(
        "--seed", type=from_zero, default=1, metavar="S", help="(%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write parity.json and parity.png"
    )


def run(args: argparse.Namespace) -> int:
    """Walk both ways, compare, report."""
    _refuse_other_roles(args.bundle)
    player = load_player(args.bundle, args.defaults)
    report, training, onboard = _compare(args, player)
    if args.out is not None:
        from cli.robot_parity_plot import draw

        args.out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(plain(report), indent=1, allow_nan=False)
        (args.out / "parity.json").write_text(text + "\n", encoding="utf-8")
        period_s = player.walk.spec.control_period_s
        draw(args.out / "parity.png", training, onboard, period_s)
    if args.json:
        print(json.dumps(plain(report), indent=1, allow_nan=False))
    else:
        print_report(Console(), report)
    return 0 if report.holds else BOUNDS_BROKEN


def _refuse_other_roles(bundle: Path) -> None:
    """Only walking has a training task that starts where the runtime does."""
    spec_file = bundle / "spec.json"
    role = read_spec(spec_file).role if spec_file.is_file() else "walk"
    if role != "walk":
        fault = f"expected a bundle of role 'walk', found {role!r}; give policies/walk"
        raise ContractError(str(bundle), [fault])


def _compare(
    args: argparse.Namespace, player: Player
) -> tuple[ParityReport, Track, OnboardTrack]:
    spec = player.walk.spec
    name, command = COMMANDS[0][0], _clipped(player, COMMANDS[0][1])
    period_s = spec.control_period_s
    path = TrainingPath(
        spec, command, episodes=1, seconds=args.steps * period_s, seed=args.seed
    )
    training = path.roll(player.walk, args.steps)
    tracks = []
    onboard = None
    for bus_s in (ALIGNED_S, RuntimeConfig().bus_period_s):
        onboard = _onboard(path, player, command, args.steps, bus_s)
        tracks.append(
            BusTrack(
                bus_period_s=bus_s,
                late_s=(float(onboard.late_s.mean()), float(onboard.late_s.max())),
                clamped_share=onboard.velocity_clamped / max(onboard.cycles, 1),
                sensing=sensing_errors(spec.observation, onboard.track, onboard.truth),
                apart=tuple(apart_at(training, onboard.track, _STEPS_SHOWN)),
                stopped=onboard.stopped,
            )
        )
    path.close()
    assert onboard is not None
    report = ParityReport(
        bundle=str(args.bundle),
        command=(name, command),
        equal=equal_observations(player, _request(command), training),
        tracks=tuple(tracks),
        outcomes=tuple(_outcomes(args, player)),
    )
    return report, training, onboard


def _outcomes(args: argparse.Namespace, player: Player) -> list[Any]:
    """Speeds and falls under each command."""
    each, extra = divmod(args.episodes, len(COMMANDS))
    period_s = player.walk.spec.control_period_s
    steps = round(args.seconds / period_s)
    settled_s = min(_SETTLED_S, args.seconds / 2)
    jobs = [
        (name, _clipped(player, command), each + (number < extra))
        for number, (name, command) in enumerate(COMMANDS)
    ]
    found = []
    console = Console(stderr=True)
    for name, command, episodes in with_progress(jobs, "walking", console=console):
        if episodes == 0:
            continue
        path = TrainingPath(
            player.walk.spec,
            command,
            episodes=episodes,
            seconds=args.seconds,
            seed=args.seed,
        )
        training = path.roll(player.walk, steps)
        bus_s = RuntimeConfig().bus_period_s
        onboard = _onboard(path, player, command, steps, bus_s)
        path.close()
        figures = [
            walk_figures(track, period_s, settled_s)
            for track in (training, onboard.track)
        ]
        found.append(outcome(name, command, *figures))
    return found


def _onboard(
    path: TrainingPath, player: Player, command: Command, steps: int, bus_s: float
) -> OnboardTrack:
    return roll_onboard(
        path.arena,
        player,
        _request(command),
        path.starts,
        steps,
        bus_period_s=bus_s,
    )


def _request(command: Command) -> SkillRequest:
    forward, left, turn = command
    return SkillRequest(
        kind="walk", forward_m_s=forward, left_m_s=left, turn_rad_s=turn
    )


def _clipped(player: Player, command: Command) -> Command:
    bounds = player.walk.spec.command
    forward, left, turn = np.clip(command, bounds.low, bounds.high).tolist()
    return forward, left, turn
