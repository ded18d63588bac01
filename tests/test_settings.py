"""Option, environment, [tool.sayso], default: in that order, each saying where it came from."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest

from sayso.errors import InputError, UsageError
from sayso.settings import Checkout, Setting, current_time, find_checkout


def make_checkout(root: Path, pyproject: str = "") -> Path:
    (root / "schema").mkdir(parents=True)
    (root / "schema" / "schema.yaml").touch()
    if pyproject:
        (root / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    return root


def test_each_source_beats_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = find_checkout(make_checkout(tmp_path, '[tool.sayso]\ncampaign = "declared"\n'))
    monkeypatch.delenv("SAYSO_CAMPAIGN", raising=False)
    assert Checkout(tmp_path, {}).find_setting("campaign") == Setting("main", "default")
    assert checkout.find_setting("campaign") == Setting(
        "declared", "[tool.sayso] in pyproject.toml"
    )
    monkeypatch.setenv("SAYSO_CAMPAIGN", " environment\n")
    assert checkout.find_setting("campaign") == Setting("environment", "SAYSO_CAMPAIGN")
    assert checkout.find_setting("campaign", "option") == Setting("option", "--campaign")


def test_an_empty_variable_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAYSO_URL", "")
    assert Checkout(tmp_path, {}).find_setting("url") is None
    with pytest.raises(UsageError, match="url is not set"):
        Checkout(tmp_path, {}).require_setting("url")


def test_the_nearest_checkout_above_is_the_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = make_checkout(make_checkout(tmp_path / "outer") / "inner")
    deep = inner / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert find_checkout().root == inner
    assert find_checkout(tmp_path / "outer").root == tmp_path / "outer"


def test_a_named_root_is_not_looked_above(tmp_path: Path) -> None:
    below = make_checkout(tmp_path) / "below"
    below.mkdir()
    with pytest.raises(UsageError, match=r"no schema/schema\.yaml here"):
        find_checkout(below)


def test_a_token_in_a_committed_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_checkout(make_checkout(tmp_path, '[tool.sayso]\ntoken = "hush"\n'))
    assert "SAYSO_TOKEN" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("pyproject", [b"[tool", b"a = '\xff'"])
def test_a_broken_pyproject_is_one_line(tmp_path: Path, pyproject: bytes) -> None:
    (make_checkout(tmp_path) / "pyproject.toml").write_bytes(pyproject)
    with pytest.raises(InputError, match=r"not TOML|not UTF-8"):
        find_checkout(tmp_path)


def test_the_time_that_is_written_down_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767312000")
    assert current_time() == datetime.fromisoformat("2026-01-02T00:00:00Z")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    assert int(time.time()) - current_time().timestamp() in (-1, 0)


@pytest.mark.parametrize("epoch", ["yesterday", "-1", "1.5", " 1", "٣", "9" * 30, "9" * 5000])
def test_a_time_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, epoch: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH is"):
        current_time()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a = " + b"[" * 5_000, "not TOML"),
        (b"a = " + b"9" * 5_000, "not TOML"),
        (b"a = '\xff'", "not UTF-8 at byte 5"),
        (b"tool = 5", "tool is no table"),
        (b"[tool]\nsayso = [5]", "sayso is no table"),
    ],
)
def test_a_damaged_pyproject_is_one_line(checkout: Checkout, content: bytes, what: str) -> None:
    path = checkout.root / "pyproject.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=what) as caught:
        find_checkout(checkout.root)
    assert caught.value.where == str(path) and caught.value.remedy and len(str(caught.value)) < 500
