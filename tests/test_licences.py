"""The list of licences: what libraries say about themselves, and which of them Sayso needs."""

from __future__ import annotations

from functools import cache
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from tests import licences

list_once = cache(licences.list_licences)


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        (
            "License-Expression: MIT OR BSD-3-Clause\nClassifier: License :: X",
            "MIT OR BSD-3-Clause",
        ),
        ("Classifier: License :: OSI Approved :: MIT License", "MIT License"),
        ("Classifier: License :: OSI Approved\nLicense: MIT\n        and more", "MIT"),
        ("License: UNKNOWN", ""),
        ("Summary: a library", ""),
    ],
    ids=["expression", "classifier", "field", "unknown", "nothing"],
)
def test_a_licence_is_what_the_metadata_names(lines: str, licence: str, tmp_path: Path) -> None:
    folder = tmp_path / "one-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: one\nVersion: 1\n{lines}\n")
    assert licences.read_licence(Distribution.at(folder)) == licence


def test_what_tests_need_is_told_from_what_sayso_needs() -> None:
    found = {one.name: one for one in list_once()}
    assert "sayso" not in found
    assert all(found[name].is_needed for name in ("click", "django", "spacy", "label-studio-sdk"))
    assert not any(found[name].is_needed for name in ("pytest", "ruff", "krippendorff"))


def test_every_library_that_sayso_needs_comes_with_a_licence() -> None:
    """In its metadata, or else as a file."""
    libraries = [one for one in list_once() if one.is_needed]
    assert [one.name for one in libraries if not (one.licence or one.files)] == []


def test_libraries_that_name_no_licence_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    licences.main()
    table, _, end = capsys.readouterr().out.partition("\n\n")
    found = list_once()
    assert [line.split()[0] for line in table.splitlines()] == [one.name for one in found]
    without = [one for one in found if not one.licence]
    said = end.splitlines()[1:]
    assert len(said) == len(without) > 0
    for line, one in zip(said, without, strict=True):
        assert line.startswith(f"no licence named: {one.name} {one.version} ")
