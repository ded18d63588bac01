"""The tests find a browser and build the environments that they name."""

import subprocess
from pathlib import Path

import pytest

from tests import browser
from tests.library_environments import NAMES, environment_python


def test_a_browser_named_by_a_variable_is_the_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.touch(mode=0o755)
    monkeypatch.setenv("SAYSO_BROWSER", str(mine))
    assert browser.find_chromium() == mine


def test_a_named_browser_that_is_not_there_is_not_replaced_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SAYSO_BROWSER", "/nowhere/chromium")
    with pytest.raises(
        browser.NoBrowserError, match="SAYSO_BROWSER: /nowhere/chromium is not a program"
    ):
        browser.find_chromium()


def test_no_browser_is_one_line_that_helps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in browser.VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "INSTALL_PATHS", (tmp_path / "chromium",))
    with pytest.raises(
        browser.NoBrowserError, match=r"apt-get install chromium\), or name one: SAYSO_BROWSER="
    ):
        browser.find_chromium()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_environment_has_the_version_in_its_name(name: str) -> None:
    library, _, version = name.rpartition("-")
    say = f"from importlib.metadata import version; print(version({library!r}))"
    reply = subprocess.run(
        [environment_python(name), "-c", say], capture_output=True, text=True, check=True
    )
    assert reply.stdout.strip() == version


@pytest.mark.slow
def test_an_environment_is_made_once() -> None:
    done = environment_python(NAMES[0]).parent.parent / "installed"
    before = done.stat().st_mtime_ns
    environment_python(NAMES[0])
    assert done.stat().st_mtime_ns == before
