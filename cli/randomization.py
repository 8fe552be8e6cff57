"""`op3-soccer randomization`: the axes of randomization, and histograms of them."""

import argparse
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot
from rich.console import Console
from rich.table import Table

from cli.arguments import from_zero
from sim.random_numbers import NumpyRandom
from sim.randomization import AXES, Axis, RandomizationConfig, draw

DRAWS = 2000
COLUMNS = 4


class PlotError(Exception):
    """The plot cannot be written where it was asked for."""


ERRORS = (PlotError,)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "randomization", help="what differs between episodes: ranges and sources"
    )
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help=f"draw histograms of {DRAWS} draws per axis into this picture",
    )
    parser.add_argument("--seed", type=from_zero, default=0, help="(%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Print the table; draw the plot if asked for."""
    config = RandomizationConfig()
    if args.plot is not None:
        _draw(config, args.plot, args.seed)
    Console().print(_table(config))
    if args.plot is not None:
        print(f"histograms in {args.plot}")
    return 0


def _table(config: RandomizationConfig) -> Table:
    table = Table(title="RandomizationConfig", show_lines=False)
    table.add_column("axis")
    table.add_column("range", justify="right", no_wrap=True)
    table.add_column("unit")
    table.add_column("drawn per")
    table.add_column("off at", justify="right", no_wrap=True)
    table.add_column("what")
    table.add_column("source")
    for axis in AXES:
        low, high = getattr(config, axis.name)
        table.add_row(
            axis.name,
            f"{low:g} to {high:g}",
            axis.unit,
            axis.of,
            f"({axis.off:g}, {axis.off:g})",
            axis.meaning,
            axis.source,
        )
    return table


def _draw(config: RandomizationConfig, path: Path, seed: int) -> None:
    random = NumpyRandom(seed)
    rows = -(-len(AXES) // COLUMNS)
    figure, places = pyplot.subplots(
        rows, COLUMNS, figsize=(4 * COLUMNS, 2.2 * rows), layout="constrained"
    )
    for place in places.flat[len(AXES) :]:
        place.axis("off")
    for place, axis in zip(places.flat, AXES, strict=False):
        _histogram(place, axis, draw(config, axis.name, random, (DRAWS,)))
    figure.suptitle(f"{DRAWS} draws per axis, seed {seed}")
    try:
        figure.savefig(path, dpi=90)
    except (OSError, ValueError) as error:
        raise PlotError(
            f"--plot: expected a picture file that can be written, such as "
            f"randomization.png, found {path} ({error})"
        ) from None
    finally:
        pyplot.close(figure)


def _histogram(place: Any, axis: Axis, values: np.ndarray) -> None:
    bins: Any = 30
    if axis.whole:
        bins = np.arange(values.min(), values.max() + 2) - 0.5
    place.hist(values, bins=bins, color="#33669a")
    if axis.off >= values.min() - np.ptp(values) and axis.off <= 2 * values.max():
        place.axvline(axis.off, color="#c0392b", linewidth=1, linestyle="--")
    place.set_title(f"{axis.name} ({axis.unit}), per {axis.of}", fontsize=9)
    place.tick_params(labelsize=8)
    place.set_yticks([])
