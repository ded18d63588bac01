"""HTML pages in Chromium, which notices every request, console message and error."""

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
"""Opens a file at a view, with settings of the browser context."""


@contextmanager
def start_browser() -> Iterator[Browser]:
    """Start a headless browser."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(find_chromium()), args=QUIET)
        yield browser
        browser.close()


@contextmanager
def open_pages(browser: Browser) -> Iterator[OpenPage]:
    """Yield a function that opens pages; fail at the end if one made requests or had errors."""
    contexts, requests, problems = [], [], []

    def open_page(path: Path, view: str = "", *, scripted: bool = True, **settings: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{path.as_uri()}{view}")
        if scripted:
            page.wait_for_selector("html[data-ready]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []
    assert [url for url in requests if not url.startswith(("file:", "blob:"))] == []


def find_accessibility_violations(page: Page) -> list[tuple[str, list[str]]]:
    """Return the rules that axe finds violated, each with some of the elements."""
    found = Axe().run(page).response["violations"]
    return [(rule["id"], [node["html"][:200] for node in rule["nodes"][:3]]) for rule in found]
