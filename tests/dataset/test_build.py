"""`sayso build` as it is run: what it writes, what it leaves alone, and what it survives."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sayso import jsonl
from sayso.dataset import build as building
from sayso.dataset.card import UNFINISHED
from sayso.errors import InputError, SpanError
from sayso.settings import Instance, find_instance
from sayso.store import Corpus
from tests.benchmarks.corpus import synthetic_annotations, synthetic_documents
from tests.commands import done, sayso
from tests.conftest import REPOSITORY, new_instance
from tests.dataset import made


def fill(
    root: Path, count: int = 8, *, first: int = 0, batch: int = 0, annotators: tuple[str, ...] = ("ann-1",)
) -> None:
    """A batch of synthetic articles, and answers to every article that there is."""
    documents = list(synthetic_documents(first + count))
    made.write(root, documents[first:], batch=batch)
    for name in annotators:
        Corpus(root).write_annotations("synthetic", name, synthetic_annotations(documents, name))


def test_the_committed_dataset_is_what_the_sources_give() -> None:
    checked = sayso(REPOSITORY, "build", "--check")
    assert checked.returncode == 0, checked.stderr


def test_a_second_build_writes_nothing_and_says_so(instance: Instance) -> None:
    fill(instance.root)
    assert "wrote 18 files" in sayso(instance.root, "build").stderr
    before = made.tree(instance.root)
    again = sayso(instance.root, "build")
    assert (again.returncode, again.stdout) == (0, "")
    assert "nothing changed" in again.stderr
    assert made.tree(instance.root) == before


def test_what_is_built_depends_on_the_sources_alone(tmp_path: Path) -> None:
    """Not on what was built before, nor on what the build remembers."""
    slow, fresh = new_instance(tmp_path / "slow"), new_instance(tmp_path / "fresh")
    fill(slow.root, 3, annotators=("ann-2",))
    building.build(slow)
    fill(slow.root, 8, annotators=("ann-2", "ann-1"))
    building.build(slow)
    fill(fresh.root, 8, annotators=("ann-1", "ann-2"))
    building.build(fresh)
    assert made.tree(slow.root) == made.tree(fresh.root)
    shutil.rmtree(slow.private)
    assert not building.build(slow).changed


def test_rows_stand_in_order_of_document_campaign_and_annotator(instance: Instance) -> None:
    fill(instance.root, 12, annotators=("ann-2", "ann-1"))
    building.build(instance)
    found = made.loaded(instance.root, "annotations")
    keys = [(row["doc_id"], row["annotator"]) for row in found if int(row["doc_id"][-8:]) % 4 < 2]
    assert keys == sorted(keys) and len(keys) == 12


def test_new_batches_leave_the_files_of_old_ones_alone(instance: Instance) -> None:
    fill(instance.root, 8)
    building.build(instance)
    before = made.tree(instance.root)
    fill(instance.root, 4, first=8, batch=1)
    outcome = building.build(instance)
    after = made.tree(instance.root)
    assert all(name.endswith("-00001.parquet") for name in outcome.written)
    changed = {name for name in before if before[name] != after[name]}
    assert {"README.md", "croissant.json"} <= changed
    assert not any(name.startswith("data/") for name in changed)
    assert len(made.loaded(instance.root, "annotations")) == 12


def test_batches_that_interleave_get_their_own_answers(tmp_path: Path) -> None:
    """Each batch is in order, and between them the documents alternate."""
    one, two = new_instance(tmp_path / "one"), new_instance(tmp_path / "two")
    fill(one.root, 9)
    documents = list(synthetic_documents(9))
    for batch in range(3):
        made.write(two.root, documents[batch::3], batch=batch)
    Corpus(two.root).write_annotations("synthetic", "ann-1", synthetic_annotations(documents, "ann-1"))
    building.build(one)
    building.build(two)
    for config in ("gold", "annotations", "mentions", "claims", "tokens"):
        rows = [json.dumps(row, sort_keys=True) for row in made.loaded(one.root, config)]
        assert sorted(rows) == sorted(json.dumps(row, sort_keys=True) for row in made.loaded(two.root, config))


def test_only_files_whose_rows_changed_are_written(instance: Instance) -> None:
    fill(instance.root)
    building.build(instance)
    corpus = Corpus(instance.root)
    (path,) = corpus.annotation_files()
    answers = list(corpus.annotations())
    answers[0] = msgspec.structs.replace(answers[0], note="odd")  # in train; only `annotations` shows it
    jsonl.write(path, answers)
    assert building.build(instance).written == ("data/annotations/train-00000.parquet",)


def test_files_that_nothing_makes_any_more_are_removed(instance: Instance) -> None:
    fill(instance.root)
    building.build(instance)
    for path in Corpus(instance.root).annotation_files():
        path.unlink()
    outcome = building.build(instance)
    assert outcome.empty == ("annotations", "mentions", "claims", "tokens")
    assert not outcome.written and len(outcome.removed) == 12
    assert [each["config_name"] for each in made.head(instance.root)["configs"]] == ["gold", "articles"]
    assert "no rows yet" in sayso(instance.root, "build").stderr


def test_a_data_file_that_somebody_changed_is_made_again(instance: Instance) -> None:
    fill(instance.root)
    building.build(instance)
    before = made.tree(instance.root)
    victim = instance.root / "corpus/data/claims/train-00000.parquet"
    victim.write_bytes(victim.read_bytes()[:-9] + b"X" * 9)
    checked = sayso(instance.root, "build", "--check")
    assert checked.returncode == 5 and "run `sayso build`" in checked.stderr
    assert building.build(instance).written == ("data/claims/train-00000.parquet",)
    assert made.tree(instance.root) == before


def test_check_and_dry_run_write_nothing(instance: Instance) -> None:
    fill(instance.root)
    checked = sayso(instance.root, "build", "--check", "--json")
    assert checked.returncode == 5
    told = json.loads(checked.stdout)
    assert told["changed"] and len(told["written"]) == 18 and told["rows"]["gold"] == {
        "train": 4, "validation": 2, "test": 2,
    }  # fmt: skip
    assert "would write 18 files" in sayso(instance.root, "build", "--dry-run").stderr
    assert sorted(path.name for path in (instance.root / "corpus").iterdir()) == ["annotations", "articles"]
    done(instance.root, "build")
    assert json.loads(done(instance.root, "build", "--check", "--json"))["changed"] is False


def test_another_release_of_pyarrow_is_no_reason_to_write(instance: Instance) -> None:
    """Its bytes differ and its rows do not; stood in for by other options and another name in the footer."""
    fill(instance.root)
    building.build(instance)
    path = instance.root / "corpus/data/claims/train-00000.parquet"
    rows, footer = pq.read_table(path), pq.read_metadata(path)
    with pq.ParquetWriter(path, rows.schema, compression="snappy", store_schema=False) as writer:
        writer.write_table(rows)
        writer.add_key_value_metadata({"sayso": footer.metadata[b"sayso"]})
    ours = footer.created_by.encode()
    path.write_bytes(path.read_bytes().replace(ours, ours.replace(b"parquet-cpp", b"other--lib!")))
    shutil.rmtree(instance.private)
    outcome = building.build(instance)
    assert (outcome.written, outcome.card_changed) == ((), True)
    path.write_bytes(path.read_bytes().replace(b"other--lib!", b"parquet-cpp"))
    assert building.build(instance).written == ("data/claims/train-00000.parquet",)


def test_a_footer_has_no_features_and_no_arrow_schema(instance: Instance) -> None:
    fill(instance.root)
    building.build(instance)
    for path in (instance.root / "corpus/data").rglob("*.parquet"):
        assert set(pq.read_metadata(path).metadata) == {b"sayso"}


def test_no_articles_is_an_error_that_names_the_next_command(instance: Instance) -> None:
    empty = sayso(instance.root, "build")
    assert empty.returncode == 7 and "run `sayso ingest" in empty.stderr


# --- bad input


def broken(root: Path, change: dict[bytes, bytes]) -> Path:
    """The answers with one line changed by hand."""
    (path,) = Corpus(root).annotation_files()
    lines = path.read_bytes().splitlines(keepends=True)
    for old, new in change.items():
        assert old in lines[2]
        lines[2] = lines[2].replace(old, new, 1)
    path.write_bytes(b"".join(lines))
    return path


@pytest.mark.parametrize("batches", [1, 2])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({b'"status":"submitted"': b'"status":"submitted'}, "reader.jsonl:3"),
        ({b'"status":"submitted"': b'"status":"perhaps"'}, "reader.jsonl:3: Invalid enum value 'perhaps'"),
        ({b'"status":"submitted",': b""}, "reader.jsonl:3: Object missing required field `status`"),
        ({b'"status"': b'"state"'}, "reader.jsonl:3: Object contains unknown field `state`"),
        ({b'"doc_id":"article-00000002"': b'"doc_id":"article-00000002b"'}, "reader.jsonl:3: an answer for document"),
        ({b'"doc_id":"article-00000002"': b'"doc_id":"article-00000000"'}, "stands after"),
        ({b'"start":': b'"start":9'}, "reader.jsonl:3 document article-00000002 mention m0-1 ["),
        ({b'"text_sha256":"': b'"text_sha256":"0'}, "reader.jsonl:3"),
        ({b'"campaign":"synthetic"': b'"campaign":"\xff"'}, "reader.jsonl:3"),
    ],
)
def test_a_broken_line_is_named_and_nothing_is_half_built(
    instance: Instance, change: dict[bytes, bytes], says: str, batches: int
) -> None:
    fill(instance.root, annotators=("reader",))
    building.build(instance)
    before = made.tree(instance.root)
    if batches == 2:
        made.write(instance.root, [made.document("zz", "Another.")], batch=1)
    broken(instance.root, change)
    with pytest.raises(InputError) as caught:
        building.build(instance)
    assert says in str(caught.value)
    assert made.tree(instance.root) == before
    assert not (instance.root / "corpus/.next.partial").exists()


def test_a_mention_that_is_not_its_slice_is_told_on_one_line(instance: Instance) -> None:
    fill(instance.root, annotators=("reader",))
    (path,) = Corpus(instance.root).annotation_files()
    lines = path.read_bytes().splitlines(keepends=True)
    record = json.loads(lines[2])
    record["mentions"][0]["start"] += 1
    record["mentions"][0]["end"] += 1
    lines[2] = json.dumps(record, ensure_ascii=False).encode() + b"\n"  # not canonical, and read all the same
    path.write_bytes(b"".join(lines))
    failed = sayso(instance.root, "build")
    assert failed.returncode == 7 and failed.stdout == ""
    (line,) = failed.stderr.splitlines()
    span = f"[{record['mentions'][0]['start']}, {record['mentions'][0]['end']})"
    assert f"reader.jsonl:3 document article-00000002 mention {record['mentions'][0]['id']} {span}" in line
    with pytest.raises(SpanError):
        building.build(instance)


def test_a_text_that_is_not_the_one_ingested_is_refused(instance: Instance) -> None:
    document = made.document("d1", "As received.")
    made.write(instance.root, [document])
    path = Corpus(instance.root).batch(0)
    path.write_bytes(path.read_bytes().replace(b"As received.", b"As mended. "))
    with pytest.raises(InputError, match=r"articles-00000.jsonl:1 document d1: the text is not the one"):
        building.build(instance)


def test_a_document_in_two_batches_is_refused(instance: Instance) -> None:
    document = made.document("d1", "Twice.")
    made.write(instance.root, [document])
    made.write(instance.root, [document], batch=1)
    with pytest.raises(InputError, match="another batch"):
        building.build(instance)


# --- interruptions

_DIES = """
import os, signal, sys
from pathlib import Path
left = int(sys.argv[2])
def count(event, args):
    global left
    if event in ("os.rename", "os.remove") and "corpus" in str(args[0]):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
from sayso.dataset.build import build
from sayso.settings import find_instance
sys.addaudithook(count)
build(find_instance(Path(sys.argv[1])))
"""


def consistent(root: Path) -> bool:
    """Whether the card names exactly what lies there, or no data at all."""
    head = made.head(root)
    files = made.tree(root)
    if UNFINISHED in json.dumps(head["configs"]):
        return "dataset_info" not in head
    for info in head["dataset_info"]:
        mine = sorted(name for name in files if name.startswith(f"data/{info['config_name']}/"))
        lines = "".join(f"{files[name]}  {name}\n" for name in mine)
        if hashlib.sha256(lines.encode()).hexdigest() not in info["description"]:
            return False
    return True


@pytest.mark.slow
def test_a_build_that_is_killed_anywhere_leaves_no_wrong_rows_and_is_finished_by_the_next(tmp_path: Path) -> None:
    old, new = new_instance(tmp_path / "old"), new_instance(tmp_path / "new")
    fill(old.root, 8)
    building.build(old)
    shutil.copytree(old.root, new.root, dirs_exist_ok=True)
    Corpus(new.root).annotation_files()[0].unlink()
    changed = list(synthetic_documents(7))  # the last one is gone, and the answers are somebody else's
    made.write(new.root, changed)
    Corpus(new.root).write_annotations("synthetic", "ann-9", synthetic_annotations(changed[:4], "ann-9"))
    sources = tmp_path / "sources"
    shutil.copytree(new.root, sources)
    building.build(new)
    wanted = made.tree(new.root)
    moments, withdrawn = 0, 0
    while True:
        trial = tmp_path / f"trial-{moments}"
        shutil.copytree(sources, trial)
        died = subprocess.run([sys.executable, "-c", _DIES, str(trial), str(moments)], check=False).returncode
        if died == 0:
            break
        assert died == -signal.SIGKILL
        assert consistent(trial), f"killed at moment {moments}"
        withdrawn += UNFINISHED in (trial / "corpus/README.md").read_text(encoding="utf-8")
        building.build(find_instance(trial))
        assert made.tree(trial) == wanted
        shutil.rmtree(trial)
        moments += 1
    assert moments > 18 and withdrawn > 5


_SMALL_FILES = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"


def test_a_disk_that_refuses_leaves_what_was_there(instance: Instance) -> None:
    fill(instance.root, 4)
    building.build(instance)
    before = made.tree(instance.root)
    fill(instance.root, 60)
    command = f"{_SMALL_FILES}sys.argv = ['sayso', '--root', {str(instance.root)!r}, 'build']\n"
    command += "from sayso.cli import main\nmain()"
    full = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)
    assert full.returncode == 10, full.stderr
    assert len(full.stderr.splitlines()) == 1 and "File too large" in full.stderr
    assert made.tree(instance.root) == before
    building.build(instance)
    assert len(made.loaded(instance.root, "articles")) == 60


def test_two_builds_at_once_do_not_meet(instance: Instance) -> None:
    import fcntl

    fill(instance.root, 2)
    building.build(instance)
    with (instance.private / "build.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = sayso(instance.root, "build")
    assert refused.returncode == 9


def test_memory_and_row_groups_do_not_grow_with_the_corpus(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows leave memory in groups; small groups here, so that there are many."""
    from sayso.dataset import parquet, sources

    monkeypatch.setattr(sources, "SLICE_DOCUMENTS", 7)
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 50)
    fill(instance.root, 60)
    building.build(instance)
    found = pq.read_metadata(instance.root / "corpus/data/mentions/train-00000.parquet")
    assert found.num_rows == 30 * 25
    assert {found.row_group(number).num_rows for number in range(found.num_row_groups)} <= set(range(1, 176))
    assert found.num_row_groups > 3
    assert len(made.loaded(instance.root, "gold")) == 60


def test_a_column_keeps_its_type_where_every_value_is_null(instance: Instance) -> None:
    made.write(instance.root, [made.document("d1", "Quiet.")])
    building.build(instance)
    kind: Any = pq.read_schema(instance.root / "corpus/data/gold/train-00000.parquet").field("mentions").type
    assert pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)
    assert made.loaded(instance.root, "gold")[0]["mentions"] is None


def test_documents_are_read_as_records(instance: Instance) -> None:
    path = Corpus(instance.root).batch(0)
    jsonl.write(path, [made.document("d1", "One.")])
    with path.open("ab") as file:
        file.write(b'{"doc_id":"d2"}\n')
    with pytest.raises(InputError, match=r"articles-00000.jsonl:2"):
        building.build(instance)
    assert [path.name for path in (instance.root / "corpus").iterdir()] == ["articles"]
