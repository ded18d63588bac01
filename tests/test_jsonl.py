"""JSON Lines: errors name file and line, and files are written whole."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso import jsonl
from sayso.errors import InputError
from sayso.models import Relation, encode

ONE = Relation(type="source", head="c1", tail="a1")
TWO = Relation(type="cue", head="c1", tail="q1\u2028😀")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.jsonl"
    assert jsonl.write(path, [ONE, TWO]) is True
    assert list(jsonl.read(path, Relation)) == [ONE, TWO]
    assert path.read_bytes() == encode(ONE) + b"\n" + encode(TWO) + b"\n"


def test_the_same_records_leave_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    jsonl.write(path, [ONE])
    before = path.stat()
    assert jsonl.write(path, [ONE]) is False
    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_a_writer_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    jsonl.write(path, [ONE])

    def failing() -> object:
        yield TWO
        raise InputError("enough")

    with pytest.raises(InputError, match="enough"):
        jsonl.write(path, failing())  # type: ignore[arg-type]
    assert list(jsonl.read(path, Relation)) == [ONE]
    assert [found.name for found in tmp_path.iterdir()] == ["b.jsonl"]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"{", "truncated"),
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"type":"a","head":"b"}', "missing required field `tail`"),
        (b'{"type":"a","head":"b","tail":"c","x":1}', "unknown field `x`"),
        (b'{"type":1,"head":"b","tail":"c"}', r"`\$.type`"),
        (b'{"type":"\xff","head":"b","tail":"c"}', "UTF-8|invalid"),
        (b'{"type":"\\ud83d","head":"b","tail":"c"}', "surrogate"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: bytes, what: str) -> None:
    path = tmp_path / "b.jsonl"
    path.write_bytes(encode(ONE) + b"\n" + line + b"\n" + encode(TWO) + b"\n")
    with pytest.raises(InputError, match=what) as caught:
        list(jsonl.read(path, Relation))
    assert caught.value.where == f"{path}:2"
    assert caught.value.__cause__ is not None
    tried = [value for _number, _line, value in jsonl.read_lines_or_errors(path, Relation)]
    assert (tried[0], type(tried[1]), tried[2]) == (ONE, InputError, TWO)


@given(
    st.lists(
        st.dictionaries(
            st.text(max_size=4), st.none() | st.integers() | st.text(max_size=4), max_size=3
        )
    )
)
def test_objects_of_any_other_writer_are_read(records: list[dict[str, object]]) -> None:
    import json

    stream = io.BytesIO("".join(f"{json.dumps(record)}\r\n\n" for record in records).encode())
    assert [record for _number, record in jsonl.read_objects(stream, "x")] == records


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"{", "invalid json"),
        (b"[1]", "not an object"),
        (b"null", "null"),
        (b"[" * 100_000, "nested"),
        (b'{"a":1,"a":2}', "stands twice"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b'{"a":"\xff"}', "utf-8"),
    ],
)
def test_an_object_that_is_none_is_named(line: bytes, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        list(jsonl.read_objects(io.BytesIO(b'{"a":1}\n\n' + line + b"\n"), "in.jsonl"))
    assert caught.value.where == "in.jsonl:3"


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file") as caught:
        list(jsonl.read(tmp_path / "none.jsonl", Relation))
    assert "\n" not in str(caught.value)
    assert "check the path" in str(caught.value)
