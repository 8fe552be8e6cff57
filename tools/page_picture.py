"""The picture of the live page: `python tools/page_picture.py [--seed 1]`.

Plays a match, opens its page in headless Chromium as an operator on a desktop and as a
spectator on a phone, and keeps both as docs/page.jpg when the first goal has been seen.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from match.page.access import new_token

ROOT = Path(__file__).parents[1]
DESKTOP, PHONE = (1280, 800), (390, 844)
GOAL_WITHIN_S = 600
GAP_PX = 16
QUALITY = 88


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "page.jpg")
    args = parser.parse_args()
    token = new_token()
    command = [sys.executable, "-m", "cli.main", "play", "--no-video"]
    command += ["--seed", str(args.seed), "--seconds", "300"]
    command += ["--page", str(args.port), "--out", "runs/page_picture"]
    environment = os.environ | {"OP3_SOCCER_PAGE_TOKEN": token}
    match = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        desktop, phone = _pictures(f"http://127.0.0.1:{args.port}/", token)
    finally:
        match.terminate()
        match.wait()
    phone = phone.resize((round(phone.width * DESKTOP[1] / phone.height), DESKTOP[1]))
    both = Image.new(
        "RGB", (desktop.width + GAP_PX + phone.width, desktop.height), "white"
    )
    both.paste(desktop, (0, 0))
    both.paste(phone, (desktop.width + GAP_PX, 0))
    both.save(args.out, quality=QUALITY)
    print(f"{args.out}: {args.out.stat().st_size / 1e3:.0f} kB")
    return 0


def _pictures(url: str, token: str) -> tuple[Image.Image, Image.Image]:
    arguments = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=arguments
        )
        operator = _opened(browser, f"{url}?token={token}", DESKTOP)
        spectator = _opened(browser, url, PHONE)
        goal = "[data-op3=decisions] >> text=goal"
        spectator.wait_for_selector(goal, timeout=1000 * GOAL_WITHIN_S)
        operator.get_by_role("tab", name="Referee").click()
        operator.wait_for_timeout(4000)
        return _taken(operator), _taken(spectator)


def _opened(browser: Browser, url: str, size: tuple[int, int]) -> Page:
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(300_000)
    end_s = time.monotonic() + 120
    while True:
        try:
            page.goto(url)
            break
        except Exception:  # the match is not up yet
            if time.monotonic() > end_s:
                raise
            time.sleep(1)
    page.wait_for_selector("[data-op3=score]")
    # The library warns of software rendering.
    page.locator(".mantine-Notification-closeButton").first.click()
    return page


def _taken(page: Page) -> Image.Image:
    file = ROOT / "runs" / "page_picture.png"
    page.screenshot(path=file)
    return Image.open(file).convert("RGB")


if __name__ == "__main__":
    sys.exit(main())
