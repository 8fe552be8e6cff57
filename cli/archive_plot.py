"""Returns in an archive as a picture."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from training.archive import ArchiveError, Episodes


def plot_returns(episodes: Episodes, path: Path, title: str) -> None:
    """Returns over the run's steps, and their histogram.

    Raises:
        ArchiveError: the picture cannot be written.
    """
    figure, (over, spread) = pyplot.subplots(
        1, 2, figsize=(9, 3.6), sharey=True, width_ratios=(3, 1), layout="constrained"
    )
    over.plot(episodes.step / 1e6, episodes.total, ".", markersize=3, color="#33669a")
    over.set_xlabel("million steps of the run")
    over.set_ylabel("return of an episode")
    over.set_title(title, fontsize=10)
    over.grid(alpha=0.3)
    spread.hist(episodes.total, bins=30, orientation="horizontal", color="#33669a")
    spread.set_xlabel(f"{len(episodes.total)} episodes")
    try:
        figure.savefig(path, dpi=90)
    except (OSError, ValueError) as error:
        raise ArchiveError(f"{path}: expected a picture to write, {error}") from None
    finally:
        pyplot.close(figure)
