"""What the architecture page and its picture name exists."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = "cli|sim|training|match|robot|firmware_bridge"
FILES = (".mcap", ".mp4", ".json")
PAGES = ("docs/architecture.md", "docs/data_path.svg")


def named(page: str) -> list[str]:
    """Dotted names of our packages on a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(rf"[`>]((?:{PACKAGES})(?:\.\w+)+)[`<]", text)
    return sorted(name for name in set(found) if not name.endswith(FILES))


@pytest.mark.parametrize("page", PAGES)
def test_every_module_and_class_on_the_page_exists(page):
    names = named(page)
    assert len(names) >= 5
    missing = [name for name in names if not exists(name)]
    assert missing == []


def exists(name: str) -> bool:
    """A module, or what a module holds."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            fields = getattr(value, "__dataclass_fields__", {})
            if not hasattr(value, attribute) and attribute not in fields:
                return False
            value = getattr(value, attribute, None)
        return True
    return False
