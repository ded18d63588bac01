"""Random hostile schema.yaml, CITATION.cff, pyproject.toml and lines: a result or one error."""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso import jsonl
from sayso.dataset.card.citation import read_citation
from sayso.dataset.card.start_files import render_start_file
from sayso.errors import SaysoError
from sayso.models import Annotation
from sayso.schema.declarations import load_schema, schema_digest
from sayso.schema.yaml_reader import parse_yaml
from sayso.settings import find_checkout
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.fuzz

SCHEMA = (REPOSITORY / "schema" / "schema.yaml").read_bytes()
CITATION = render_start_file("CITATION.cff").encode()
PYPROJECT = b'[tool.sayso]\ncampaign = "a"\nurl = "http://x"\n[tool.sayso.suggesters]\na = "b:c"\n'
LINE = b'{"doc_id":"a","annotator":"ann-1","mentions":[{"id":"m","label":"A","start":0}]}\n'
PIECES = st.sampled_from(
    (
        *(b"", b"\xff", b"\x00", b"&a ", b"*a", b"<<: *a", b"&a [*a]", b"[" * 500, b"{" * 500),
        *(b"- " * 500, b"? ", b"!!int x", b"!!python/name:os.system", b"!!binary x", b"9" * 5_000),
        *(
            b"1:" * 2_000 + b"1",
            b"2001-13-45",
            b".nan",
            b"\t",
            b"\n",
            b"\r",
            b"'",
            b'"',
            b"\\ud800",
        ),
        *(b"---\n", b"...\n", b"%YAML 9.9\n", "\u2028😀".encode(), b": ", b"null", b"~", b"=1"),
    )
)


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw the content with pieces cut out or replaced."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 60)))
        content = content[:start] + draw(PIECES | st.binary(max_size=4)) + content[end:]
    return content


@cache
def prepare_root() -> Path:
    root = Path(tempfile.mkdtemp(prefix="sayso-fuzz-"))
    (root / "schema").mkdir()
    (root / "schema" / "schema.yaml").write_bytes(SCHEMA)
    return root


@given(damaged(SCHEMA) | damaged(SCHEMA[:900]))
def test_a_schema(content: bytes) -> None:
    path = prepare_root() / "given.yaml"
    path.write_bytes(content)
    try:
        schema_digest(load_schema(path))
    except SaysoError as error:
        assert re.fullmatch(rf"{re.escape(str(path))}(:\d+)?", error.where) and error.remedy


@given(
    st.lists(PIECES | st.sampled_from([b"a", b"b: ", b", ", b"[", b"]", b"{", b"}"])).map(b"".join)
)
def test_any_yaml(content: bytes) -> None:
    try:
        parse_yaml(content, "x.yaml", "correct it")
    except SaysoError as error:
        assert len(str(error)) < 600


@given(damaged(CITATION))
def test_a_citation(content: bytes) -> None:
    (prepare_root() / "CITATION.cff").write_bytes(content)
    try:
        found = read_citation(prepare_root())
        assert found.title and isinstance(found.authors, list) and isinstance(found.url, str)
    except SaysoError as error:
        assert "CITATION.cff" in str(error)


@given(damaged(PYPROJECT))
def test_a_pyproject(content: bytes) -> None:
    (prepare_root() / "pyproject.toml").write_bytes(content)
    try:
        find_checkout(prepare_root()).find_setting("campaign")
    except SaysoError as error:
        assert "pyproject.toml" in str(error)


@given(damaged(LINE * 2))
def test_lines(content: bytes) -> None:
    path = prepare_root() / "a.jsonl"
    path.write_bytes(content)
    for read in (lambda: list(jsonl.read(path, Annotation)), lambda: read_foreign(path)):
        try:
            read()
        except SaysoError as error:
            assert f"{path}:" in error.where


def read_foreign(path: Path) -> list[object]:
    with path.open("rb") as stream:
        return list(jsonl.read_objects(stream, str(path)))
