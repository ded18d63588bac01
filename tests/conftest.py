"""Fixtures: a checkout for each test, and one real Label Studio that is stopped at the end."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from sayso.labelstudio import server
from sayso.labelstudio.accounts import create_account
from sayso.settings import Checkout, find_checkout

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser_pages import OpenPage

# A busy machine is slow now and then; that is no fault of what is tested.
settings.register_profile("unhurried", deadline=None, derandomize=True)
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=15)
settings.register_profile("fuzz", deadline=None, max_examples=5_000, derandomize=False)
settings.load_profile("unhurried")

REPOSITORY = Path(__file__).parents[1]
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class LabelStudioServer:
    """A running Label Studio and the tokens of its accounts."""

    checkout: Checkout
    server: server.RunningServer
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def token(self) -> str:
        return self.server.token

    def annotator_token(self, email: str) -> str:
        """Return the token of an account, which is created at the first call."""
        if email not in self._tokens:
            self._tokens[email] = create_account(self.server, email, PASSWORD)
        return self._tokens[email]


def new_checkout(root: Path) -> Checkout:
    """Create a checkout with the repository's schema and an empty corpus."""
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    (root / "corpus").mkdir()
    return find_checkout(root)


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, by its relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextlib.contextmanager
def stop_server_after(checkout: Checkout) -> Iterator[None]:
    """Stop the embedded server when the block ends, or when the test run is killed."""
    guard = subprocess.Popen(
        [
            "/bin/sh",
            "-c",
            'cat >/dev/null; exec "$@"',
            "guard",
            sys.executable,
            "-m",
            "sayso",
            "--root",
            str(checkout.root),
            "studio",
            "down",
        ],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.send_signal(signal.SIGKILL)
        guard.communicate()
        server.stop(checkout)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Create a checkout for one test."""
    return new_checkout(tmp_path / "checkout")


@pytest.fixture(scope="session")
def labelstudio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """Start one Label Studio for the whole run; each test creates projects of its own."""
    checkout = new_checkout(tmp_path_factory.mktemp("studio") / "checkout")
    with stop_server_after(checkout):
        yield LabelStudioServer(checkout, server.start(checkout, 0))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    from tests import browser_pages

    with browser_pages.start_browser() as browser:
        yield browser


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Yield a function that opens a page; fail if a page fetched, refused or raised anything."""
    from tests import browser_pages

    with browser_pages.open_pages(browser) as open_page:
        yield open_page
