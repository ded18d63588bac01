"""`sayso schema build`: what it writes, and what it says when there is nothing to write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sayso.schema import declarations as schemas
from sayso.schema import derived_files
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok

SCHEMA = Path(__file__).parents[2] / "schema"


def test_the_committed_files_are_what_the_schema_says() -> None:
    assert derived_files.find_stale_files(SCHEMA, schemas.load_schema(SCHEMA / "schema.yaml")) == []


def test_a_second_build_writes_nothing_and_says_so(checkout: Checkout) -> None:
    (checkout.root / "schema" / "interface" / "all.xml").unlink()
    first = run_sayso(checkout.root, "schema", "build")
    assert (first.returncode, first.stdout) == (0, "")
    assert "schema/interface/all.xml" in first.stderr
    second = run_sayso(checkout.root, "schema", "build")
    assert (second.returncode, second.stdout) == (0, "")
    assert "nothing changed" in second.stderr


def test_check_names_what_is_stale_and_touches_nothing(checkout: Checkout) -> None:
    folder = checkout.root / "schema"
    edited, missing, extra = (
        folder / "interface/all.xml",
        folder / "records/gold.schema.json",
        folder / "interface/old.xml",
    )
    edited.write_text("<View/>")
    missing.unlink()
    extra.write_text("<View/>")
    result = run_sayso(checkout.root, "schema", "build", "--check", "--json")
    assert result.returncode == 5
    names = [f"schema/{path.relative_to(folder)}" for path in (edited, extra, missing)]
    assert json.loads(result.stdout)["stale"] == names
    assert all(name in result.stderr for name in names)
    assert "run `sayso schema build`" in result.stderr
    assert (edited.read_text(), missing.exists(), extra.exists()) == ("<View/>", False, True)

    assert json.loads(run_sayso_ok(checkout.root, "schema", "build", "--json"))["written"] == names
    assert not extra.exists()
    assert (
        json.loads(run_sayso_ok(checkout.root, "schema", "build", "--check", "--json"))["stale"]
        == []
    )


def test_what_others_keep_beside_the_interfaces_stays(checkout: Checkout) -> None:
    picture = checkout.root / "schema" / "interface" / "all.png"
    picture.write_bytes(b"a picture")
    run_sayso_ok(checkout.root, "schema", "build")
    assert picture.read_bytes() == b"a picture"


@pytest.mark.parametrize("key", ["u", "alt+r"])
def test_a_key_of_label_studio_itself_is_refused(checkout: Checkout, key: str) -> None:
    file = checkout.root / "schema" / "schema.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("hotkey: alt+j", f"hotkey: {key}"),
        encoding="utf-8",
    )
    result = run_sayso(checkout.root, "schema", "build")
    assert result.returncode == 7
    assert f"hotkey '{key}' of Count.lower is one of Label Studio's own" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_broken_schema_is_one_line_on_stderr(checkout: Checkout) -> None:
    (checkout.root / "schema" / "schema.yaml").write_text("labels: {")
    result = run_sayso(checkout.root, "schema", "build")
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (7, "", 1)
