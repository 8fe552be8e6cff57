"""Where two trees of plain JSON values differ."""

import json
from collections.abc import Sequence
from typing import Any


def differences(expected: Any, found: Any, where: str = "") -> list[str]:
    """One line per place: "PLACE: expected ..., found ...", long values cut short."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            line
            for key in sorted(expected.keys() | found.keys())
            for line in differences(
                expected.get(key), found.get(key), f"{where}.{key}" if where else key
            )
        ]
    if _are_lists(expected, found) and len(expected) == len(found):
        return [
            line
            for index, pair in enumerate(zip(expected, found, strict=True))
            for line in differences(*pair, f"{where}[{index}]")
        ]
    if expected == found:
        return []
    return [f"{where}: expected {_brief(expected)}, found {_brief(found)}"]


def _are_lists(*values: Any) -> bool:
    return all(isinstance(v, Sequence) and not isinstance(v, str) for v in values)


def _brief(value: Any, most: int = 80) -> str:
    text = json.dumps(value)
    return text if len(text) <= most else text[: most - 3] + "..."
