"""Annotate in a real Chromium on a real Label Studio, with mouse and keys.

Positions on the page are found by counting code points in the page's own text, so that they do not
depend on anything that Sayso computes.
"""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, Response, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser import find_chromium

TEXT = "[class*=htx-richtext]"
QUIET = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
]

_EDGES = """
offset => {
  const shown = document.querySelector('[class*=htx-richtext]');
  const walker = document.createTreeWalker(shown, NodeFilter.SHOW_ALL);
  for (let node, before = 0; (node = walker.nextNode()); ) {
    const breaks = node.nodeName === 'BR' ? ['\\n'] : [];
    const characters = node.nodeType === 3 ? Array.from(node.data) : breaks;
    if (node.nodeType === 3 && offset < before + characters.length) {
      const start = characters.slice(0, offset - before).join('').length;
      const range = document.createRange();
      range.setStart(node, start);
      range.setEnd(node, start + characters[offset - before].length);
      const box = range.getClientRects()[0];
      return [box.left, box.right, box.top + box.height / 2];
    }
    before += characters.length;
  }
  return null;
}
"""

_SHOWN = """
() => Array.from(document.querySelectorAll('.htx-highlight')).reduce((found, part) => {
  const id = Array.from(part.classList).find(name => /^htx-highlight-.+/.test(name));
  found[id] = (found[id] || '') + part.textContent;
  return found;
}, {})
"""

_REGIONS = "() => Htx.annotationStore.selected.regions.length"
_LABEL_CHOSEN = """
() => Array.from(Htx.annotationStore.selected.names.values()).some(
  control => control.type === 'labels' && control.isSelected)
"""


@dataclass(frozen=True)
class LabellingPage:
    """One open task. Offsets are code points of ``text``, which the page shows."""

    page: Page
    text: str

    def draw(self, hotkey: str, start: int, end: int) -> None:
        """Choose a label by its hotkey, drag over ``text[start:end]``, wait for the region."""
        regions = self.page.evaluate(_REGIONS)
        self.page.keyboard.press("Escape")
        self.page.wait_for_function(
            "() => !document.querySelector('.htx-highlight.__active')"
        )  # else it is relabelled
        self._choose_label(hotkey)
        self._drag(self._caret(start), self._caret_after(end - 1))
        self.page.wait_for_function(f"before => ({_REGIONS})() > before", arg=regions)

    def select(self, offset: int) -> None:
        """Click on the region that covers ``offset``."""
        left, right, middle = self.displayed_edges(offset)
        self.page.mouse.click((left + right) / 2, middle)
        self.page.wait_for_selector(".htx-highlight.__active")

    def pull_handle(self, side: str, offset: int) -> None:
        """Drag the left or right handle of the selected region to just before ``offset``."""
        self.page.add_style_tag(content=".htx-highlight area { display: inline !important }")
        box = self.page.locator(f".__active area.__resize_{side}").bounding_box()
        assert box
        self._drag((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), self._caret(offset))
        self.page.wait_for_timeout(300)

    def wait_for_mentions(self, count: int = 0) -> list[str]:
        """Wait until the page shows `count` regions and return their words, in order of text."""
        self.page.wait_for_function(
            f"count => Object.keys(({_SHOWN})()).length >= count", arg=count
        )
        words: list[str] = self.page.evaluate(f"() => Object.values(({_SHOWN})())")
        return words

    def colours(self) -> set[str]:
        """Return the background colours of all regions."""
        painted: list[str] = self.page.evaluate(
            "() => Array.from(document.querySelectorAll('.htx-highlight'),"
            " mark => getComputedStyle(mark).backgroundColor)"
        )
        return set(painted)

    def submit(self) -> dict[str, Any]:
        """Press Submit and return the annotation that the server stored."""
        with self.page.expect_response(_is_annotation_saved) as response:
            self.page.get_by_test_id("bottombar-submit-button").click()
        stored: dict[str, Any] = response.value.json()
        return stored

    def _choose_label(self, hotkey: str) -> None:
        """Press a hotkey until a label is chosen: a busy page misses keys after a deselection."""
        for _ in range(5):
            self.page.keyboard.press(hotkey)
            with contextlib.suppress(PlaywrightTimeout):
                self.page.wait_for_function(_LABEL_CHOSEN, timeout=2_000)
                return
        raise AssertionError(f"no label answers to the key {hotkey}")

    def displayed_edges(self, offset: int) -> tuple[float, float, float]:
        found = self.page.evaluate(_EDGES, offset)
        assert found, f"nothing is shown at {offset}: {self.text[offset : offset + 10]!r}"
        return found[0], found[1], found[2]

    def _caret(self, offset: int) -> tuple[float, float]:
        """Return the point just before a code point: at its right in right-to-left text."""
        left, right, middle = self.displayed_edges(offset)
        return (right - 0.5, middle) if self._leftward(offset) else (left + 0.5, middle)

    def _caret_after(self, offset: int) -> tuple[float, float]:
        left, right, middle = self.displayed_edges(offset)
        return (left + 0.5, middle) if self._leftward(offset) else (right - 0.5, middle)

    def _leftward(self, offset: int) -> bool:
        return unicodedata.bidirectional(self.text[offset]) in ("R", "AL")

    def _drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=8)
        self.page.mouse.up()


def _is_annotation_saved(response: Response) -> bool:
    return response.request.method == "POST" and "/annotations" in response.url and response.ok


@contextlib.contextmanager
def log_in(url: str, email: str, password: str, *, height: int = 2600) -> Iterator[Page]:
    """Log in with a fresh browser, high enough that no text has to be scrolled."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        try:
            context = browser.new_context(viewport={"width": 1440, "height": height})
            page = context.new_page()
            page.goto(f"{url}/user/login/")
            page.fill("input[name=email]", email)
            page.fill("input[name=password]", password)
            page.click("button[type=submit]")
            page.wait_for_url(lambda address: "/user/login" not in address)
            yield page
        finally:
            browser.close()


def open_task(page: Page, url: str, project: int, task: int, text: str) -> LabellingPage:
    """Open one task of a project in the editor and wait until its text is there."""
    page.goto(f"{url}/projects/{project}/data?task={task}")
    page.wait_for_selector(TEXT, timeout=60_000)
    page.get_by_role("button", name="Submit").wait_for(timeout=60_000)
    page.wait_for_timeout(
        500
    )  # what answers to keys and the mouse is there a moment after the text
    return LabellingPage(page, text)
