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
from sayso.corpus.sources import CorpusFiles
from sayso.dataset import builder as building
from sayso.dataset.card import UNFINISHED_PATH
from sayso.errors import InputError, SpanError
from sayso.settings import Checkout, find_checkout
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import REPOSITORY, new_checkout
from tests.dataset import samples
from tests.forked_commands import count_changes, run_command
from tests.moments import take_sample

pytestmark = pytest.mark.slow


def fill_corpus(
    root: Path,
    count: int = 8,
    *,
    first: int = 0,
    batch: int = 0,
    annotators: tuple[str, ...] = ("ann-1",),
) -> None:
    """A batch of synthetic articles, and answers to every article that there is."""
    documents = list(synthetic_documents(first + count))
    samples.write_corpus(root, documents[first:], batch=batch)
    for name in annotators:
        CorpusFiles(root).write_annotations(
            "synthetic", name, synthetic_annotations(documents, name)
        )


def test_the_committed_dataset_is_what_the_sources_give() -> None:
    checked = run_sayso(REPOSITORY, "build", "--check")
    assert checked.returncode == 0, checked.stderr


def test_a_second_build_writes_nothing_and_says_so(checkout: Checkout) -> None:
    fill_corpus(checkout.root)
    assert "wrote 21 files" in run_sayso(checkout.root, "build").stderr
    before = samples.digest_files(checkout.root)
    again = run_sayso(checkout.root, "build")
    assert (again.returncode, again.stdout) == (0, "")
    assert "nothing changed" in again.stderr
    assert samples.digest_files(checkout.root) == before


def test_what_is_built_depends_on_the_sources_alone(tmp_path: Path) -> None:
    """Not on what was built before, nor on what the build remembers."""
    slow, fresh = new_checkout(tmp_path / "slow"), new_checkout(tmp_path / "fresh")
    fill_corpus(slow.root, 3, annotators=("ann-2",))
    building.build(slow)
    fill_corpus(slow.root, 8, annotators=("ann-2", "ann-1"))
    building.build(slow)
    fill_corpus(fresh.root, 8, annotators=("ann-1", "ann-2"))
    building.build(fresh)
    assert samples.digest_files(slow.root) == samples.digest_files(fresh.root)
    shutil.rmtree(slow.private)
    assert not building.build(slow).changed


def test_rows_stand_in_order_of_document_campaign_and_annotator(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 12, annotators=("ann-2", "ann-1"))
    building.build(checkout)
    found = samples.read_rows(checkout.root, "annotations")
    keys = [(row["doc_id"], row["annotator"]) for row in found if int(row["doc_id"][-8:]) % 4 < 2]
    assert keys == sorted(keys) and len(keys) == 12


def test_new_batches_leave_the_files_of_old_ones_alone(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 8)
    building.build(checkout)
    before = samples.digest_files(checkout.root)
    fill_corpus(checkout.root, 4, first=8, batch=1)
    outcome = building.build(checkout)
    after = samples.digest_files(checkout.root)
    assert all(name.endswith("-00001.parquet") for name in outcome.written)
    changed = {name for name in before if before[name] != after[name]}
    assert {"README.md", "croissant.json"} <= changed
    assert not any(name.startswith("data/") for name in changed)
    assert len(samples.read_rows(checkout.root, "annotations")) == 12


def test_batches_that_interleave_get_their_own_answers(tmp_path: Path) -> None:
    """Each batch is in order, and between them the documents alternate."""
    one, two = new_checkout(tmp_path / "one"), new_checkout(tmp_path / "two")
    fill_corpus(one.root, 9)
    documents = list(synthetic_documents(9))
    for batch in range(3):
        samples.write_corpus(two.root, documents[batch::3], batch=batch)
    CorpusFiles(two.root).write_annotations(
        "synthetic", "ann-1", synthetic_annotations(documents, "ann-1")
    )
    building.build(one)
    building.build(two)
    for config in ("gold", "annotations", "mentions", "claims", "tokens"):
        rows = [json.dumps(row, sort_keys=True) for row in samples.read_rows(one.root, config)]
        assert sorted(rows) == sorted(
            json.dumps(row, sort_keys=True) for row in samples.read_rows(two.root, config)
        )


def test_only_files_whose_rows_changed_are_written(checkout: Checkout) -> None:
    fill_corpus(checkout.root)
    building.build(checkout)
    corpus = CorpusFiles(checkout.root)
    (path,) = corpus.annotation_files()
    answers = list(corpus.annotations())
    answers[0] = msgspec.structs.replace(
        answers[0], note="odd"
    )  # in train; only `annotations` shows it
    jsonl.write(path, answers)
    assert building.build(checkout).written == ("data/annotations/train-00000.parquet",)


def test_files_that_nothing_makes_any_more_are_removed(checkout: Checkout) -> None:
    fill_corpus(checkout.root)
    building.build(checkout)
    for path in CorpusFiles(checkout.root).annotation_files():
        path.unlink()
    outcome = building.build(checkout)
    assert outcome.empty_configs == ("annotations", "mentions", "relations", "claims", "tokens")
    assert not outcome.written and len(outcome.removed) == 15
    assert [each["config_name"] for each in samples.read_header(checkout.root)["configs"]] == [
        "gold",
        "articles",
    ]
    assert "no rows yet" in run_sayso(checkout.root, "build").stderr


def test_a_data_file_that_somebody_changed_is_made_again(checkout: Checkout) -> None:
    fill_corpus(checkout.root)
    building.build(checkout)
    before = samples.digest_files(checkout.root)
    victim = checkout.root / "corpus/data/claims/train-00000.parquet"
    victim.write_bytes(victim.read_bytes()[:-9] + b"X" * 9)
    checked = run_sayso(checkout.root, "build", "--check")
    assert checked.returncode == 5 and "run `sayso build`" in checked.stderr
    assert building.build(checkout).written == ("data/claims/train-00000.parquet",)
    assert samples.digest_files(checkout.root) == before


def test_check_and_dry_run_write_nothing(checkout: Checkout) -> None:
    fill_corpus(checkout.root)
    checked = run_sayso(checkout.root, "build", "--check", "--json")
    assert checked.returncode == 5
    told = json.loads(checked.stdout)
    assert (
        told["changed"]
        and len(told["written"]) == 21
        and told["rows"]["gold"] == {"train": 4, "validation": 2, "test": 2}
    )
    assert "would write 21 files" in run_sayso(checkout.root, "build", "--dry-run").stderr
    assert sorted(path.name for path in (checkout.root / "corpus").iterdir()) == [
        "annotations",
        "articles",
    ]
    run_sayso_ok(checkout.root, "build")
    assert json.loads(run_sayso_ok(checkout.root, "build", "--check", "--json"))["changed"] is False


def test_another_release_of_pyarrow_is_no_reason_to_write(checkout: Checkout) -> None:
    """Simulated by other options and another name in the footer: other bytes, the same rows."""
    fill_corpus(checkout.root)
    building.build(checkout)
    path = checkout.root / "corpus/data/claims/train-00000.parquet"
    rows, footer = pq.read_table(path), pq.read_metadata(path)
    with pq.ParquetWriter(path, rows.schema, compression="snappy", store_schema=False) as writer:
        writer.write_table(rows)
        writer.add_key_value_metadata({"sayso": footer.metadata[b"sayso"]})
    ours = footer.created_by.encode()
    path.write_bytes(path.read_bytes().replace(ours, ours.replace(b"parquet-cpp", b"other--lib!")))
    shutil.rmtree(checkout.private)
    outcome = building.build(checkout)
    assert (outcome.written, outcome.card_changed) == ((), True)
    path.write_bytes(path.read_bytes().replace(b"other--lib!", b"parquet-cpp"))
    assert building.build(checkout).written == ("data/claims/train-00000.parquet",)


def test_a_footer_has_no_features_and_no_arrow_schema(checkout: Checkout) -> None:
    fill_corpus(checkout.root)
    building.build(checkout)
    for path in (checkout.root / "corpus/data").rglob("*.parquet"):
        assert set(pq.read_metadata(path).metadata) == {b"sayso"}


def test_no_articles_is_an_error_that_names_the_next_command(checkout: Checkout) -> None:
    empty = run_sayso(checkout.root, "build")
    assert empty.returncode == 7 and "run `sayso ingest" in empty.stderr


# --- bad input


def break_source(root: Path, change: dict[bytes, bytes]) -> Path:
    """The answers with one line changed by hand."""
    (path,) = CorpusFiles(root).annotation_files()
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
        (
            {b'"status":"submitted"': b'"status":"perhaps"'},
            "reader.jsonl:3: Invalid enum value 'perhaps'",
        ),
        ({b'"status":"submitted",': b""}, "reader.jsonl:3: Object missing required field `status`"),
        ({b'"status"': b'"state"'}, "reader.jsonl:3: Object contains unknown field `state`"),
        (
            {b'"doc_id":"article-00000002"': b'"doc_id":"article-00000002b"'},
            "reader.jsonl:3: an annotation of document",
        ),
        ({b'"doc_id":"article-00000002"': b'"doc_id":"article-00000000"'}, "stands after"),
        ({b'"start":': b'"start":9'}, "reader.jsonl:3 document article-00000002 mention m0-1 ["),
        ({b'"text_sha256":"': b'"text_sha256":"0'}, "reader.jsonl:3"),
        ({b'"campaign":"synthetic"': b'"campaign":"\xff"'}, "reader.jsonl:3"),
    ],
)
def test_a_broken_line_is_named_and_nothing_is_half_built(
    checkout: Checkout, change: dict[bytes, bytes], says: str, batches: int
) -> None:
    fill_corpus(checkout.root, annotators=("reader",))
    building.build(checkout)
    before = samples.digest_files(checkout.root)
    if batches == 2:
        samples.write_corpus(checkout.root, [samples.make_document("zz", "Another.")], batch=1)
    break_source(checkout.root, change)
    with pytest.raises(InputError) as caught:
        building.build(checkout)
    assert says in str(caught.value)
    assert samples.digest_files(checkout.root) == before
    assert not (checkout.root / "corpus/.next.partial").exists()


def test_a_mention_that_is_not_its_slice_is_told_on_one_line(checkout: Checkout) -> None:
    fill_corpus(checkout.root, annotators=("reader",))
    (path,) = CorpusFiles(checkout.root).annotation_files()
    lines = path.read_bytes().splitlines(keepends=True)
    record = json.loads(lines[2])
    record["mentions"][0]["start"] += 1
    record["mentions"][0]["end"] += 1
    lines[2] = (
        json.dumps(record, ensure_ascii=False).encode() + b"\n"
    )  # not canonical, and read all the same
    path.write_bytes(b"".join(lines))
    failed = run_sayso(checkout.root, "build")
    assert failed.returncode == 7 and failed.stdout == ""
    (line,) = failed.stderr.splitlines()
    span = f"[{record['mentions'][0]['start']}, {record['mentions'][0]['end']})"
    assert (
        f"reader.jsonl:3 document article-00000002 mention {record['mentions'][0]['id']} {span}"
        in line
    )
    with pytest.raises(SpanError):
        building.build(checkout)


def test_a_text_that_is_not_the_one_ingested_is_refused(checkout: Checkout) -> None:
    document = samples.make_document("d1", "As received.")
    samples.write_corpus(checkout.root, [document])
    path = CorpusFiles(checkout.root).batch_file(0)
    path.write_bytes(path.read_bytes().replace(b"As received.", b"As mended. "))
    with pytest.raises(
        InputError, match=r"articles-00000.jsonl:1 document d1: the text is not the one"
    ):
        building.build(checkout)


def test_a_document_in_two_batches_is_refused(checkout: Checkout) -> None:
    document = samples.make_document("d1", "Twice.")
    samples.write_corpus(checkout.root, [document])
    samples.write_corpus(checkout.root, [document], batch=1)
    with pytest.raises(InputError, match="another batch"):
        building.build(checkout)


# --- interruptions


def is_consistent(root: Path) -> bool:
    """Return whether the card names exactly the files that exist, or no data at all."""
    head = samples.read_header(root)
    files = samples.digest_files(root)
    if UNFINISHED_PATH in json.dumps(head["configs"]):
        return "dataset_info" not in head
    for info in head["dataset_info"]:
        mine = sorted(name for name in files if name.startswith(f"data/{info['config_name']}/"))
        lines = "".join(f"{files[name]}  {name}\n" for name in mine)
        if hashlib.sha256(lines.encode()).hexdigest() not in info["description"]:
            return False
    return True


@pytest.mark.exhaustive
def test_a_build_that_is_killed_anywhere_leaves_no_wrong_rows_and_is_finished_by_the_next(
    tmp_path: Path,
) -> None:
    old, new = new_checkout(tmp_path / "old"), new_checkout(tmp_path / "new")
    fill_corpus(old.root, 8)
    building.build(old)
    shutil.copytree(old.root, new.root, dirs_exist_ok=True)
    CorpusFiles(new.root).annotation_files()[0].unlink()
    changed = list(
        synthetic_documents(7)
    )  # the last one is gone, and the answers are somebody else's
    samples.write_corpus(new.root, changed)
    CorpusFiles(new.root).write_annotations(
        "synthetic", "ann-9", synthetic_annotations(changed[:4], "ann-9")
    )
    sources = tmp_path / "sources"
    shutil.copytree(new.root, sources)
    changes = count_changes(new.root, "build")
    wanted = samples.digest_files(new.root)
    withdrawn, moments = 0, take_sample(range(1, changes + 1), 12)
    for moment in moments:
        trial = tmp_path / f"trial-{moment}"
        shutil.copytree(sources, trial)
        assert run_command(trial, "build", changes=moment).code == -signal.SIGKILL
        assert is_consistent(trial), f"killed at moment {moment}"
        withdrawn += UNFINISHED_PATH in (trial / "corpus/README.md").read_text(encoding="utf-8")
        building.build(find_checkout(trial))
        assert samples.digest_files(trial) == wanted
        shutil.rmtree(trial)
    assert changes > 18 and 5 < withdrawn < len(moments)


_SMALL_FILES = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"


def test_a_disk_that_refuses_leaves_what_was_there(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 4)
    building.build(checkout)
    before = samples.digest_files(checkout.root)
    fill_corpus(checkout.root, 60)
    command = f"{_SMALL_FILES}sys.argv = ['sayso', '--root', {str(checkout.root)!r}, 'build']\n"
    command += "from sayso.cli import main\nmain()"
    full = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=False
    )
    assert full.returncode == 10, full.stderr
    assert len(full.stderr.splitlines()) == 1 and "File too large" in full.stderr
    assert samples.digest_files(checkout.root) == before
    building.build(checkout)
    assert len(samples.read_rows(checkout.root, "articles")) == 60


def test_two_builds_at_once_do_not_meet(checkout: Checkout) -> None:
    import fcntl

    fill_corpus(checkout.root, 2)
    building.build(checkout)
    with (checkout.private / "build.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = run_sayso(checkout.root, "build")
    assert refused.returncode == 9


def test_memory_and_row_groups_do_not_grow_with_the_corpus(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows leave memory in groups; small groups here, so that there are many."""
    from sayso.dataset import batches, parquet_files

    monkeypatch.setattr(batches, "CHUNK_DOCUMENTS", 7)
    monkeypatch.setattr(parquet_files, "ROW_GROUP_ROWS", 50)
    fill_corpus(checkout.root, 60)
    building.build(checkout)
    found = pq.read_metadata(checkout.root / "corpus/data/mentions/train-00000.parquet")
    assert found.num_rows == 30 * 25
    assert {found.row_group(number).num_rows for number in range(found.num_row_groups)} <= set(
        range(1, 176)
    )
    assert found.num_row_groups > 3
    assert len(samples.read_rows(checkout.root, "gold")) == 60


def test_a_column_keeps_its_type_where_every_value_is_null(checkout: Checkout) -> None:
    samples.write_corpus(checkout.root, [samples.make_document("d1", "Quiet.")])
    building.build(checkout)
    kind: Any = (
        pq.read_schema(checkout.root / "corpus/data/gold/train-00000.parquet")
        .field("mentions")
        .type
    )
    assert pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)
    assert samples.read_rows(checkout.root, "gold")[0]["mentions"] is None


def test_documents_are_read_as_records(checkout: Checkout) -> None:
    path = CorpusFiles(checkout.root).batch_file(0)
    jsonl.write(path, [samples.make_document("d1", "One.")])
    with path.open("ab") as file:
        file.write(b'{"doc_id":"d2"}\n')
    with pytest.raises(InputError, match=r"articles-00000.jsonl:2"):
        building.build(checkout)
    assert [path.name for path in (checkout.root / "corpus").iterdir()] == ["articles"]
