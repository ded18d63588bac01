"""Damaged and hostile files of every import format: one clear line, nothing taken in, no memory."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sayso.errors import InputError
from sayso.formats.corpus_import import ImportRequest, import_annotations
from sayso.settings import Checkout
from tests.command_line import run_sayso
from tests.conftest import read_files
from tests.formats.test_foreign_files import write_dkpro_document
from tests.limited_commands import require_refusal, run_limited

DEEP = 100_000
DIGITS = "9" * 5_000


def task(annotation: dict[str, Any] | None = None, **fields: Any) -> str:
    """Return an export of Label Studio with one task."""
    answer = {"id": 1, "completed_by": 1, "result": [], **(annotation or {})}
    whole = {"id": 1, "project": 1, "data": {"text": "Two"}, "annotations": [answer], **fields}
    return json.dumps([whole])


def line(**fields: Any) -> str:
    return json.dumps({"doc_id": "a", "text": "Two", **fields}) + "\n"


DAMAGED: dict[str, dict[str, tuple[str | bytes, str]]] = {
    "jsonl": {
        "deep": (f'{{"doc_id": {"[" * DEEP}', "nested without end"),
        "digits": (f'{{"doc_id": {DIGITS}}}', "Exceeds the limit"),
        "half a pair": (line(note="\ud800"), "half of a surrogate pair, U\\+D800"),
        "half a pair in a text": (line(text="\udfff"), "half of a surrogate pair, U\\+DFFF"),
        "half a pair in a key": (line(about={"\ud800": "x"}), "half of a surrogate pair"),
        "seconds": (line(about={"lead_time_seconds": "abc"}), "'abc' is no lead_time"),
        "endless seconds": (line(about={"lead_time_seconds": "1e999"}), "is no lead_time"),
    },
    "conll": {
        "deep": (f"# newdoc id = d\n# document = {'[' * DEEP}\n", "no JSON of ours"),
        "digits": (f"# newdoc id = d\n# document = {DIGITS}\n", "no JSON of ours"),
        "no mapping": ('# newdoc id = d\n# document = {"text": "Two", "about": 5}\n', "about"),
        "no UTF-8": (b"# newdoc id = \xff\n", "byte 14 is not UTF-8"),
        "digits as offsets": (
            "# global.columns = ID FORM START END Count\n# newdoc id = d\n"
            f'# document = {{"text": "Two"}}\n1\tTwo\t0\t{DIGITS}\tB\n',
            "no START and END",
        ),
    },
    "labelstudio": {
        "deep": (f"[{'[' * DEEP}", "a task cannot be read"),
        "digits": (f'[{{"id": {DIGITS}}}]', "a task cannot be read"),
        "no number": ('[{"id": NaN}]', "a task cannot be read"),
        "half a pair": (task(data={"text": "a\ud800"}), "half of a surrogate pair"),
        "half a pair in an address": (
            task({"completed_by": {"id": 1, "email": "\ud800@x"}}),
            "half of a surrogate pair",
        ),
        "half a pair in a region": (task({"result": [{"id": "\ud800"}]}), "half of a surrogate"),
        "seconds": (task({"lead_time": "abc"}), "is no lead_time"),
        "half a task": ('[{"id": 1', "it ends within a task"),
        "no UTF-8": (b'[{"id": "\xff"}]', "not UTF-8"),
    },
    "brat": {"digits as offsets": (f"T1\tActor 0 {DIGITS}\tTwo\n", "offsets|not inside")},
}


def write_damaged(path: Path, name: str, content: str | bytes) -> Path:
    raw = content if isinstance(content, bytes) else content.encode()
    if name != "brat":
        path.write_bytes(raw)
        return path
    path.mkdir()
    (path / "a.txt").write_bytes(b"Two")
    (path / "a.ann").write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name, kinds in DAMAGED.items() for kind in kinds]
)
def test_a_damaged_file_takes_nothing_in(
    name: str, kind: str, checkout: Checkout, tmp_path: Path
) -> None:
    content, what = DAMAGED[name][kind]
    path = write_damaged(tmp_path / "given", name, content)
    before = read_files(checkout.root / "corpus")
    with pytest.raises(InputError, match=what) as caught:
        import_annotations(checkout, ImportRequest(name, path, "pilot", "all", annotator="ann-1"))
    assert str(path) in caught.value.where and caught.value.remedy and len(str(caught.value)) < 800
    assert read_files(checkout.root / "corpus") == before


@pytest.mark.parametrize(
    "given",
    [
        task(predictions=5, drafts=True),
        task({"completed_by": {"id": 1, "email": 5}}),
        task({"completed_by": {"id": [1], "email": {}}}),
        task({"result": [5, {"id": ["x"], "type": "relation", "from_id": [1], "to_id": {}}]}),
        task({"result": [{"id": [1], "type": "labels", "value": {"labels": [[1]]}}]}),
        task(id=10**30, project=-1),
        task(data={"text": "Two", "doc_id": True}),
    ],
)
def test_an_odd_export_comes_in_as_far_as_it_can(
    given: str, checkout: Checkout, tmp_path: Path
) -> None:
    path = write_damaged(tmp_path / "given.json", "labelstudio", given)
    request = ImportRequest("labelstudio", path, "pilot", "all", lossy=True)
    assert len(import_annotations(checkout, request).written) == 1


def write_zip(path: Path, change: Callable[[bytearray], None]) -> Path:
    """Write a zip that dkpro would read, and change its bytes."""
    folder = write_dkpro_document(path.with_suffix(""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        for each in sorted(folder.iterdir()):
            box.write(each, each.name)
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)
    return path


def set_in_headers(content: bytearray, local: int, central: int, value: int) -> None:
    for signature, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        place = content.find(signature)
        while place >= 0:
            content[place + offset] = value
            place = content.find(signature, place + 4)


def damage(content: bytearray) -> None:
    content[80] ^= 255


ZIPS: dict[str, Callable[[bytearray], None]] = {
    "damaged": damage,
    "encrypted": lambda content: set_in_headers(content, 6, 8, 1),
    "packed in an unknown way": lambda content: set_in_headers(content, 8, 10, 99),
    "of another version": lambda content: set_in_headers(content, 4, 6, 99),
}


@pytest.mark.parametrize("kind", ZIPS)
def test_a_zip_that_cannot_be_read_is_named(kind: str, checkout: Checkout, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", ZIPS[kind])
    request = ImportRequest("webanno", path, "pilot", "all", annotator="ann-1")
    with pytest.raises(InputError, match="the zip cannot be read") as caught:
        import_annotations(checkout, request)
    assert str(path) in caught.value.where and "unpack it" in caught.value.remedy


@pytest.mark.slow
@pytest.mark.parametrize("members", [1, 40])
def test_a_zip_bomb_is_not_unpacked(members: int, checkout: Checkout, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    size = 1_000_000_000 // members
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as box:
        for number in range(members):
            with box.open(f"{number}/TypeSystem.xml", "w") as file:
                for _ in range(size // 1_000_000):
                    file.write(bytes(1_000_000))
    words = ("import", "--from", "webanno", str(path), "--annotator", "ann-1")
    require_refusal(run_limited(checkout.root, *words), 7, "x.zip", "it unpacks to more than")


def write_long_line(path: Path) -> Path:
    """Write a line of 1.2 GB that takes no room on the disk."""
    with path.open("wb") as file:
        file.write(b'{"doc_id": "a", "text": "')
        file.truncate(1_200_000_000)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("ingest",), "more than 5,000,000 bytes"),
        (("import", "--annotator", "ann-1", "--from", "jsonl"), "a line of more than 268,435,456"),
        (("import", "--annotator", "ann-1", "--from", "conll"), "a line of more than 268,435,456"),
        (("import", "--from", "labelstudio"), "it is no list of tasks"),
        (("evaluate", "--with", "numbers", "--against"), "a line of more than 268,435,456"),
    ],
)
def test_a_line_without_end_is_not_read(
    words: tuple[str, ...], what: str, checkout: Checkout, tmp_path: Path
) -> None:
    path = write_long_line(tmp_path / "given.jsonl")
    require_refusal(run_limited(checkout.root, *words, str(path)), 7, "given.jsonl", what)


@pytest.mark.slow
def test_a_line_without_end_in_the_corpus_is_not_read(checkout: Checkout) -> None:
    folder = checkout.root / "corpus" / "articles"
    folder.mkdir(parents=True, exist_ok=True)
    write_long_line(folder / "articles-0001.jsonl")
    done = run_limited(checkout.root, "status")
    assert "Traceback" not in done.stderr and "a bug in sayso" not in done.stderr
    done = run_limited(checkout.root, "check")
    assert "a line of more than 268,435,456 bytes" in done.stdout + done.stderr


@pytest.mark.parametrize("room", [0, 20_000])
def test_a_full_disk_is_told_and_the_next_run_completes(
    room: int, checkout: Checkout, tmp_path: Path
) -> None:
    path = tmp_path / "given.jsonl"
    many = (line(doc_id=f"a{number}", text=f"{number} drones fell. " * 50) for number in range(80))
    path.write_text("".join(many))
    words = ("import", "--from", "jsonl", str(path), "--annotator", "ann-1")
    full = run_limited(checkout.root, *words, file_size=room)
    assert full.returncode == 10, full.stderr
    require_refusal(full, 10, "run the command again")
    assert run_limited(checkout.root, *words).returncode == 0
    (lines,) = checkout.root.glob("corpus/annotations/*/*.jsonl")
    assert len(lines.read_text().splitlines()) == 80


@pytest.mark.parametrize("command", ["build", "agreement", "check"])
def test_a_line_of_the_corpus_that_is_nested_without_end_is_named(
    command: str, checkout: Checkout, tmp_path: Path
) -> None:
    path = tmp_path / "given.jsonl"
    path.write_text(line())
    import_annotations(checkout, ImportRequest("jsonl", path, "pilot", "all", annotator="ann-1"))
    (lines,) = checkout.root.glob("corpus/annotations/*/*.jsonl")
    kept = f'"kept":[{{"reason":"x","item":{{"a":{"[" * DEEP}{"]" * DEEP}}}}}]'
    lines.write_text(lines.read_text().rstrip()[:-1] + f",{kept}}}\n")
    done = run_sayso(checkout.root, command)
    assert done.returncode in (5, 7) and "a bug in sayso" not in done.stderr
    printed = done.stdout + done.stderr
    assert "nested without end" in printed and "ann-1.jsonl" in printed
