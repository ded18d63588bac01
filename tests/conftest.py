"""A fresh checkout to work on, and a real Label Studio that no test leaves behind."""

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

from sayso.settings import Instance, find_instance
from sayso.studio import server
from sayso.studio.accounts import create_account

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.pages import Open

# A busy machine is slow now and then; that is no fault of what is tested.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

REPOSITORY = Path(__file__).parents[1]
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Studio:
    """A running Label Studio; ``token`` is the lead's, ``annotator(email)`` makes another account's."""

    instance: Instance
    server: server.Server
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def token(self) -> str:
        return self.server.token

    def annotator(self, email: str) -> str:
        """The token of the account with this address, made when it is asked for first."""
        if email not in self._tokens:
            self._tokens[email] = create_account(self.server, email, PASSWORD)
        return self._tokens[email]


def new_instance(root: Path) -> Instance:
    """A checkout with the repository's schema and an empty corpus."""
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    (root / "corpus").mkdir()
    return find_instance(root)


@contextlib.contextmanager
def stopped_after(instance: Instance) -> Iterator[None]:
    """Stop the embedded server of ``instance`` when the block ends, and also when the test run is killed."""
    guard = subprocess.Popen(
        ["/bin/sh", "-c", 'cat >/dev/null; exec "$@"', "guard",
         sys.executable, "-m", "sayso", "--root", str(instance.root), "studio", "down"],
        stdin=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        yield
    finally:
        guard.send_signal(signal.SIGKILL)
        guard.communicate()
        server.down(instance)


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """A checkout of its own for each test."""
    return new_instance(tmp_path / "checkout")


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """One Label Studio for the whole run; tests make projects of their own in it."""
    instance = new_instance(tmp_path_factory.mktemp("studio") / "checkout")
    with stopped_after(instance):
        yield Studio(instance, server.up(instance, 0))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    from tests import pages

    with pages.started() as browser:
        yield browser


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """Opens a page at a view; at the end nothing was fetched, refused or raised."""
    from tests import pages

    with pages.opening(browser) as opened:
        yield opened
