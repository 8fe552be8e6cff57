"""Write requirements.txt: the installed versions of everything the `dev` extra needs.

Run inside the virtual environment after changing dependencies in pyproject.toml:
python tools/pin_requirements.py
"""

import re
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = "op3-soccer"
BUILD = ("setuptools",)


def closure(name: str, extras: frozenset[str], seen: dict[str, set[str]]) -> None:
    """Add `name` with `extras` and all it needs to `seen`."""
    done = seen.setdefault(_normal(name), set())
    todo = (extras | {""}) - done
    done |= todo
    if not todo:
        return
    for line in distribution(name).requires or []:
        wanted = Requirement(line)
        marker = wanted.marker
        if marker is None or any(marker.evaluate({"extra": e}) for e in todo):
            closure(wanted.name, frozenset(wanted.extras), seen)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    seen: dict[str, set[str]] = {}
    closure(PROJECT, frozenset({"dev"}), seen)
    names = sorted((seen.keys() | set(BUILD)) - {PROJECT})
    pins = [f"{name}=={distribution(name).version}" for name in names]
    head = (
        "# Pinned by tools/pin_requirements.py from the `dev` extra of pyproject.toml."
    )
    text = "\n".join([head, *pins]) + "\n"
    Path("requirements.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
