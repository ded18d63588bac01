"""The guidelines are in step with the schema, and quote the articles truly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError
from sayso.schema import declarations as schemas
from sayso.schema import guidelines
from sayso.schema.declarations import group_hotkeys

ROOT = Path(__file__).parents[2]
SCHEMA = schemas.load_schema(ROOT / "schema" / "schema.yaml")
GUIDELINES = (ROOT / "schema" / "guidelines.md").read_text(encoding="utf-8")
ARTICLES = [" ".join(document.text.split()) for document in CorpusFiles(ROOT).documents()]

LABEL_STUDIO = {"alt+r", "backspace", "ctrl+enter", "ctrl+z", "escape", "u"}
GROUPS = {"shift", "alt"}


def iterate_declared_names() -> Iterator[str]:
    yield from SCHEMA.interfaces
    yield from SCHEMA.relations
    yield from SCHEMA.flags
    for label, declared in SCHEMA.labels.items():
        yield label
        for asked, attribute in declared.attributes.items():
            yield asked
            yield from attribute.values


def list_quotations() -> list[str]:
    """Return the texts in single asterisks, with their brackets, without bullets."""
    prose = re.sub(r"^\* ", "- ", GUIDELINES, flags=re.M).replace("**", "")
    return [" ".join(found.split()) for found in re.findall(r"\*([^*]+)\*", prose)]


def test_they_say_their_version() -> None:
    read = guidelines.read_guidelines(ROOT / guidelines.GUIDELINES_FILE)
    assert read and f"\nVersion {read.version}. " in GUIDELINES


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("# Rules\n\nVersion 1.2.0. Read.", "1.2.0"),
        ("Version 10.0.1\n", "10.0.1"),
        ("\n" * 19 + "Version 2.0.0", "2.0.0"),
    ],
)
def test_a_version_near_the_top_is_read(tmp_path: Path, text: str, version: str) -> None:
    path = tmp_path / "guidelines.md"
    path.write_text(text, encoding="utf-8")
    read = guidelines.read_guidelines(path)
    assert read and read.version == version


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Version 1.2",
        b"This is Version 1.2.0",
        b"Version 1.2.0.4",
        b"\n" * 20 + b"Version 1.2.0",
        b"\xff",
    ],
)
def test_guidelines_without_a_version_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "guidelines.md"
    path.write_bytes(content)
    with pytest.raises(InputError) as raised:
        guidelines.read_guidelines(path)
    assert raised.value.where == str(path) and (
        "Version 1.0.0." in str(raised.value) or b"\xff" in content
    )


def test_no_guidelines_are_none(tmp_path: Path) -> None:
    assert guidelines.read_guidelines(tmp_path / "guidelines.md") is None


def test_every_name_of_the_schema_is_there_and_no_other() -> None:
    assert set(re.findall(r"`([^`]+)`", GUIDELINES)) == set(iterate_declared_names())


def test_every_hotkey_is_beside_its_value() -> None:
    documented = set(re.findall(r"`(\w+)` <kbd>([^<]+)</kbd>", GUIDELINES))
    documented |= set(re.findall(r"`(\w+)`\n<kbd>([^<]+)</kbd>", GUIDELINES))
    declared = {(re.split(r"[ .]", use)[-1], key) for key, (use,) in group_hotkeys(SCHEMA).items()}
    numbers = {("lower", "alt+j"), ("upper", "alt+k")}
    assert documented == declared - numbers
    every = set(re.findall(r"<kbd>([^<]+)</kbd>", GUIDELINES))
    assert every - LABEL_STUDIO - GROUPS == set(group_hotkeys(SCHEMA))


@pytest.mark.parametrize("words", list_quotations())
def test_every_example_is_in_an_article(words: str) -> None:
    plain = words.replace("[", "").replace("]", "")
    assert any(plain in article for article in ARTICLES)


@pytest.mark.parametrize(
    "span",
    sorted({span for words in list_quotations() for span in re.findall(r"\[([^\]]+)\]", words)}),
)
def test_every_example_of_a_span_keeps_the_rules_for_edges(span: str) -> None:
    assert span[0].isalnum() and span[-1].isalnum()
    assert not span.endswith(("’s", "'s"))
    assert not span.lower().startswith("the ")
