"""Chromium, as a person in front of it uses it: driven by Playwright, which downloads none of its own."""

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Error, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "src" / "headrace" / "web" / "dist" / "manifest.json"
QUIET = (
    "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --no-sandbox"  # its own sandbox wants what a container may not give; it sees our pages alone
).split()

# Of whatever is expected of a page; five seconds, which it would be, pass on a busy machine.
expect.set_options(timeout=60_000)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a screen. Skips where there is none, or where the pages are not built."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium was found; tests/install-servers installs it where that is allowed")
    if not BUILD.exists():
        pytest.skip("the pages are not built: `make web` builds them where Node is found")
    with sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=path, args=QUIET)
        except Error as refused:
            pytest.skip(f"Chromium could not be started here: {str(refused)[:300]}")
        yield browser
        browser.close()


class Sight:
    """What is seen at places of a picture of an element."""

    def __init__(self, seen: Locator) -> None:
        self.image = Image.open(io.BytesIO(seen.screenshot())).convert("RGB")

    def at(self, x: float, y: float) -> tuple[int, int, int]:
        """The colour at a share of the width and of the height."""
        return self.image.getpixel((int(x * (self.image.width - 1)), int(y * (self.image.height - 1))))

    def has(self, colour: tuple[int, int, int], tolerance: int = 6) -> bool:
        """Whether the colour is anywhere in it."""
        counted = self.image.getcolors(self.image.width * self.image.height)
        return any(all(abs(a - b) <= tolerance for a, b in zip(seen, colour, strict=True)) for _, seen in counted)

    def share(self, wanted: Callable[[int, int, int], bool]) -> float:
        """Which part of it has a colour as wanted, from 0 to 1."""
        counted = self.image.getcolors(self.image.width * self.image.height)
        return sum(n for n, seen in counted if wanted(*seen)) / (self.image.width * self.image.height)


def watched(page: Page) -> list[str]:
    """What goes wrong on the page from now on: its own errors, what its policy forbids, requests to other servers."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    page.on(
        "requestfailed", lambda asked: wrong.append(f"{asked.url} {asked.failure}") if "/assets/" in asked.url else None
    )
    return wrong


def at_rest(page: Page, layer: str) -> None:
    """Wait until the page's map has the layer, and everything that it shows is drawn."""
    page.wait_for_function(
        """layer => new Promise(done => {
            const look = () => {
                const map = window.headraceMap;
                if (!map?.getLayer(layer) || !map.isStyleLoaded() || !map.areTilesLoaded()) return setTimeout(look, 50);
                map.once("idle", () => done(true));
                map.triggerRepaint();
            };
            look();
        })""",
        arg=layer,
    )
