"""A real browser without a screen, if this computer has one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Software WebGL, where there is no graphics card.
_ARGUMENTS = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Headless Chromium; skips the test where playwright or a browser is missing."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright: pip install '.[dev]'"
    )
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip(f"needs a browser: one of {', '.join(_NAMES)}; run `make system`")
    with playwright.sync_playwright() as driver:
        # Chromium refuses to start in its sandbox as root, as in a container.
        unboxed = ("--no-sandbox",) if os.geteuid() == 0 else ()
        browser = driver.chromium.launch(
            executable_path=program, args=[*_ARGUMENTS, *unboxed]
        )
        try:
            yield browser
        finally:
            browser.close()
