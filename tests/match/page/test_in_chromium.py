"""The page as people use it: a real browser, a real referee, fingers on buttons."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from match.page.server import Page
from tests.match.page.chromium import chromium
from tests.match.page.live_match import LiveMatch
from tests.match.page.views import TOKEN

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator
    from playwright.sync_api import Page as Tab

pytestmark = pytest.mark.slow
DESKTOP = {"width": 1024, "height": 640}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 180_000


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page() -> Iterator[Page]:
    with Page(token=TOKEN, port=0) as page:
        yield page


def opened(
    browser: "Browser", page: Page, query: str = "", size: dict | None = None
) -> "Tab":
    """The page in a browser of its own: nothing is shared with other visitors."""
    context = browser.new_context(viewport=size or DESKTOP)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    tab = context.new_page()
    tab.goto(f"http://127.0.0.1:{page.port}/{query}")
    tab.wait_for_selector("[data-op3=score]")
    return tab


def wait_for(tab: "Tab", part: str, pattern: str) -> None:
    """Until a part of the panel shows the pattern."""
    tab.locator(f"[data-op3={part}]", has_text=re.compile(pattern)).wait_for()


def press(tab: "Tab", label: str) -> None:
    tab.get_by_role("button", name=label, exact=True).click()


def choose(tab: "Tab", label: str, option: str) -> None:
    """In the drop-down menu beside `label`."""
    tab.get_by_label(label, exact=True).click()
    tab.get_by_role("option", name=option).click()


def token_field(tab: "Tab") -> "Locator":
    """The door's only field; the library does not tie its label to it."""
    return tab.get_by_role("textbox")


def test_operator_runs_a_match_and_a_spectator_only_watches(
    browser: "Browser", page: Page
) -> None:
    with LiveMatch(page) as match:
        spectator = opened(browser, page)
        operator = opened(browser, page, f"?token={TOKEN}")
        assert TOKEN not in operator.url
        for tab in (operator, spectator):
            tab.get_by_role("tab", name="Referee").click()

        press(operator, "Start")
        wait_for(spectator, "phase", "^ready")
        for phase in ("set", "playing"):
            press(operator, "Next phase")
            wait_for(spectator, "phase", f"^{phase}")

        match.ball_m = (0.4, 0.0)
        wait_for(spectator, "phase", "^playing$")
        match.ball_m = (2.65, 0.0)
        wait_for(spectator, "score", "^1 : 0$")

        choose(operator, "Robot", "scripted 1")
        choose(operator, "For", "pushing")
        press(operator, "Penalize")
        wait_for(spectator, "absent", "scripted 1: pushing")
        press(operator, "Return")
        spectator.locator("[data-op3=absent]").wait_for(state="detached")

        choose(operator, "Decision", "goal")
        press(operator, "Overrule")
        wait_for(spectator, "score", "^0 : 0$")

        for label in ("Start", "Penalize", "Overrule"):
            assert spectator.get_by_role("button", name=label).count() == 0
        token_field(spectator).fill("a-token-of-24-characterZ")
        press(spectator, "Take control")
        spectator.get_by_text("Wrong token").wait_for()
        assert spectator.get_by_role("button", name="Start").count() == 0


def test_token_is_kept_over_a_reload_until_control_is_given_back(
    browser: "Browser", page: Page
) -> None:
    with LiveMatch(page):
        tab = opened(browser, page)
        tab.get_by_role("tab", name="Referee").click()
        token_field(tab).fill(TOKEN)
        press(tab, "Take control")
        tab.get_by_role("button", name="Start", exact=True).wait_for()
        tab.reload()
        tab.get_by_role("tab", name="Referee").click()
        press(tab, "Give control back")
        token_field(tab).wait_for()
        tab.reload()
        tab.get_by_role("tab", name="Referee").click()
        token_field(tab).wait_for()
        assert tab.get_by_role("button", name="Start", exact=True).count() == 0


def test_phone_shows_the_panel_in_full_width_above_nothing_wider(
    browser: "Browser", page: Page
) -> None:
    with LiveMatch(page):
        tab = opened(browser, page, f"?token={TOKEN}", PHONE)
        tab.get_by_role("tab", name="Referee").click()
        start = tab.get_by_role("button", name="Start", exact=True)
        start.wait_for()
        board = tab.locator(".op3 .board").bounding_box()
        assert board is not None
        assert 330 < board["width"] <= 390
        # The upper two fifths stay free for the pitch.
        assert board["y"] > 0.4 * PHONE["height"]
        overflow = tab.evaluate("document.documentElement.scrollWidth")
        assert overflow <= PHONE["width"]
