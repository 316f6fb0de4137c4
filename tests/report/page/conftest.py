"""A real headless Chromium, and what a page did in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.requires import REQUIRE_ALL

CHROMIUM = next((path for path in map(Path, ("/usr/bin/chromium", "/usr/bin/chromium-browser")) if path.exists()), None)


@dataclass
class Opened:
    """A page in a browser, with everything it said, asked for or tried."""

    tab: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def quiet(self) -> None:
        """Check that nothing ran but the page's own script: no error, no dialog, no request, no flag."""
        assert self.said == []
        assert self.dialogs == []
        assert [url for url in self.asked if not url.startswith("file://")] == []
        assert len(self.asked) == 1
        assert self.tab.evaluate("window.pwned") is None

    def text(self, selector: str) -> str:
        """Return the text of an element."""
        return str(self.tab.locator(selector).first.text_content())

    def all(self, selector: str) -> list[str]:
        """Return the texts of elements."""
        return [str(each) for each in self.tab.locator(selector).all_text_contents()]

    def near(self, selector: str, inside: str) -> None:
        """Bring a part of the page near the screen, so that it is drawn."""
        self.tab.locator(selector).scroll_into_view_if_needed()
        self.tab.wait_for_selector(f"{selector} {inside}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if not REQUIRE_ALL:
        pytest.importorskip(
            "playwright", reason="not installed: playwright; OT_GRID_REQUIRE_ALL=1 makes this a failure"
        )
        if CHROMIUM is None:
            pytest.skip("no Chromium on this machine; OT_GRID_REQUIRE_ALL=1 makes this a failure")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def show(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Open a page from the file system."""
    yield from _showing(chromium, tmp_path)


@pytest.fixture(scope="module")
def show_once(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Opened]]:
    """Open a page that the tests of a module share: they may look into it, and find it as it was left."""
    yield from _showing(chromium, tmp_path_factory.mktemp("shown"))


def _showing(chromium: Any, folder: Path) -> Iterator[Callable[..., Opened]]:
    tabs = []

    def shown(page: str, fragment: str = "", **settings: Any) -> Opened:
        path = folder / f"report-{len(tabs)}.html"
        path.write_text(page, encoding="utf-8")
        tab = chromium.new_page(viewport={"width": 1300, "height": 950}, **settings)
        tabs.append(tab)
        opened = Opened(tab)
        tab.on("console", lambda message: opened.said.append(message.text))
        tab.on("pageerror", lambda error: opened.said.append(str(error)))
        tab.on("request", lambda request: opened.asked.append(request.url))
        tab.on("dialog", lambda dialog: (opened.dialogs.append(dialog.message), dialog.dismiss()))
        tab.goto(f"{path.as_uri()}{fragment}")
        return opened

    yield shown
    for tab in tabs:
        tab.close()
