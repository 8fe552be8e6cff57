"""What all calibration steps share: where they keep things, options, provenance."""

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from calibration.errors import CalibrationError
from calibration.store import Store, set_aside
from robot.contracts.calibration import CalibrationBundle, Provenance
from robot.contracts.calibration_file import read_calibration, update_calibration
from robot.contracts.errors import ContractError

CALIBRATION_FILE = "calibration.json"
DEFAULT_FOLDER = Path("calibration_out")
ERRORS = (CalibrationError, ContractError)


@dataclass(frozen=True, kw_only=True)
class StepPlace:
    """Where one step of one robot keeps what it measures and finds.

    Attributes:
        root: folder of the robot.
        step: name of the step, and of its folder.
        robot: what the robot is called.
        fresh: measurements of earlier runs are set aside.
    """

    root: Path
    step: str
    robot: str = "op3"
    fresh: bool = False

    @property
    def folder(self) -> Path:
        return self.root / self.step

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    @property
    def calibration(self) -> Path:
        """The robot's calibration file."""
        return self.root / CALIBRATION_FILE

    def store(self, setup: dict[str, Any], console: Console) -> Store:
        """The step's measurements so far; says how many there are.

        Raises:
            CalibrationError: measurements of another setup, or no usable folder.
        """
        if self.fresh:
            set_aside(self.folder)
        store = Store(self.folder, self.step, setup)
        if store.resumed:
            console.print(f"going on after {store.resumed} measurements", style="green")
        return store

    def known(self) -> CalibrationBundle:
        """What has been measured of this robot before; empty without a file.

        Raises:
            ContractError: the file is broken.
        """
        if not self.calibration.exists():
            return CalibrationBundle()
        return read_calibration(self.calibration)

    def provenance(
        self, procedure: str, residual: str, measurements: int
    ) -> Provenance:
        """Of a part that is made now."""
        return Provenance(
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            robot=self.robot,
            procedure=procedure,
            residual=residual,
            measurements=measurements,
        )

    def save(self, found: CalibrationBundle, console: Console) -> CalibrationBundle:
        """Merge `found` into the calibration file and say so.

        Raises:
            ContractError: the file is broken, or cannot be written.
        """
        bundle = update_calibration(self.calibration, found)
        parts = ", ".join(found.parts)
        console.print(f"{self.calibration}: {parts} written", highlight=False)
        if self.report.exists():
            console.print(f"report: {self.report}", highlight=False)
        return bundle


def add_step_options(parser: argparse.ArgumentParser) -> None:
    """`--out`, `--robot` and `--fresh`."""
    group = parser.add_argument_group("where")
    group.add_argument(
        "--out",
        type=Path,
        default=DEFAULT_FOLDER,
        metavar="DIR",
        help="folder of this robot: calibration.json, measurements, reports "
        "(%(default)s)",
    )
    group.add_argument(
        "--robot",
        default="op3",
        metavar="NAME",
        help="what this robot is called (%(default)s)",
    )
    group.add_argument(
        "--fresh",
        action="store_true",
        help="begin anew; what was measured before is set aside, not deleted",
    )


def step_place(args: argparse.Namespace, step: str) -> StepPlace:
    """What `add_step_options` took."""
    return StepPlace(root=args.out, step=step, robot=args.robot, fresh=args.fresh)
