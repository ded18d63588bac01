"""Pages as they are read: a real Chromium that notices when one fetches, refuses or raises anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import find_chromium
from tests.labelling_page import QUIET

OpenPage = Callable[..., Page]
"""Opens a file at a view, with settings of the browser."""


@contextmanager
def start_browser() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(find_chromium()), args=QUIET)
        yield browser
        browser.close()


@contextmanager
def open_pages(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages; at the end nothing was fetched, refused or raised."""
    contexts, wrong = [], []

    def open_page(path: Path, view: str = "", *, scripted: bool = True, **settings: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
        contexts.append(context)
        page = context.new_page()
        page.on(
            "request",
            lambda request: (
                wrong.append(request.url)
                if not request.url.startswith(("file:", "blob:"))
                else None
            ),
        )
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{path.as_uri()}{view}")
        if scripted:
            page.wait_for_selector("html[data-ready]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def find_accessibility_violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds: the rule, and where it is broken."""
    found = Axe().run(page).response["violations"]
    return [(rule["id"], [node["html"][:200] for node in rule["nodes"][:3]]) for rule in found]
