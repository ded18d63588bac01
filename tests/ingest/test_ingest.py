"""Articles come in verbatim, all of a command's or none, and the same ones twice are no news."""

from __future__ import annotations

import json
import random
import re
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso import store
from sayso.errors import ConflictError, InputError, UsageError
from sayso.files import replace_together
from sayso.ingest import Order, RefusedError, Report, ingest, metadata
from sayso.records import Document, sha256
from sayso.settings import Instance
from sayso.store import Corpus
from tests.commands import done, sayso
from tests.conftest import new_instance
from tests.ingest.test_near_duplicates import article, edited

DAY = "2026-11-22"


def take(instance: Instance, *paths: Path | str, **order: object) -> Report:
    return ingest(instance, Order(tuple(map(str, paths)), **{"ingested": DAY, **order}))  # type: ignore[arg-type]


def documents(instance: Instance) -> dict[str, Document]:
    return {document.doc_id: document for document in Corpus(instance.root).documents()}


def contents(instance: Instance) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Corpus(instance.root).batches()}


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


TORTURE = "\ufeff\r\n\r\n  a\tb\u00a0\u200b 👩‍👩‍👧 e\u0301 𝒜 שלום <b>&amp;</b>\r\rx\u2028y\u0085\n\n\n"


def test_a_text_comes_in_to_the_letter(instance: Instance, inbox: Path) -> None:
    report = take(instance, written(inbox, "a.txt", TORTURE), options={"language": "en"})
    document = documents(instance)["a"]
    assert document.text == TORTURE
    assert document.text_sha256 == sha256(TORTURE)
    assert (document.language, document.license, document.outlet) == ("en", "unknown", None)
    assert (document.source_name, document.ingested) == ("a.txt", DAY)
    assert list(report.noticed) == ["texts that begin with a byte order mark, kept as U+FEFF"]


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip))
def test_any_text_comes_in_to_the_letter(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    instance = new_instance(folder / "checkout")
    if not text.strip().strip("\ufeff"):
        return
    take(
        instance, written(folder, "a.txt", text), written(folder, "b.jsonl", json.dumps({"doc_id": "b", "text": text}))
    )
    assert {document.text for document in documents(instance).values()} == {text}
    assert len({document.split for document in documents(instance).values()}) == 1


def test_the_same_again_is_no_news(instance: Instance, inbox: Path) -> None:
    path = written(inbox, "a.txt", "Two drones.\n")
    take(instance, path)
    before = contents(instance)
    report = take(instance, path, inbox, ingested="2027-01-01")
    assert (report.new, report.unchanged, report.written) == ((), 1, ())
    assert contents(instance) == before


def test_the_order_of_paths_leaves_no_trace(tmp_path: Path, inbox: Path) -> None:
    chance = random.Random(5)
    words = article(chance)
    texts = [" ".join(edited(words, 0.02, chance)) for _ in range(4)] + [" ".join(article(chance)) for _ in range(4)]
    paths = [written(inbox, f"d{chance.randrange(999)}-{n}.txt", text) for n, text in enumerate(texts)]
    outcomes = []
    for turn in range(3):
        instance = new_instance(tmp_path / f"checkout{turn}")
        chance.shuffle(paths)
        report = take(instance, *paths)
        outcomes.append((contents(instance), report.clusters))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert [len(cluster.doc_ids) for cluster in outcomes[0][1]] == [4]


def test_a_changed_text_is_refused_with_a_way_forward(instance: Instance, inbox: Path) -> None:
    take(instance, written(inbox, "a.txt", "Two drones.\n"))
    before = contents(instance)
    changed = written(inbox, "a.txt", "Three drones.\n")
    with pytest.raises(ConflictError) as caught:
        take(instance, changed, written(inbox, "new.txt", "Other news.\n"))
    message = str(caught.value)
    assert "document a " in message
    assert sha256("Two drones.\n")[:12] in message
    assert sha256("Three drones.\n")[:12] in message
    assert "--doc-id a-v2" in message
    assert "--replace-text" in message
    assert contents(instance) == before
    assert take(instance, changed, options={"doc_id": "a-v2"}).new == ("a-v2",)
    assert sayso(instance.root, "ingest", str(changed)).returncode == ConflictError.exit_code


@pytest.mark.parametrize("name", ["nowhere", "nowhere.txt"])
def test_what_is_not_there_is_said_not_to_be_there(instance: Instance, inbox: Path, name: str) -> None:
    told = sayso(instance.root, "ingest", str(inbox / name))
    assert told.returncode == InputError.exit_code
    assert re.search("no such file", told.stderr, re.IGNORECASE)
    assert name in told.stderr


def test_metadata_is_changed_only_on_request(instance: Instance, inbox: Path) -> None:
    path = written(inbox, "a.txt", "Two drones.\n")
    take(instance, path, options={"language": "en", "title": "T"})
    assert take(instance, path).differing == ()
    told = take(instance, path, options={"title": "U"})
    assert (told.differing, told.unchanged, told.updated) == (("a",), 1, ())
    assert documents(instance)["a"].title == "T"
    done_now = take(instance, path, options={"title": "U"}, update_metadata=True, ingested="2027-01-01")
    assert (done_now.updated, done_now.unchanged, done_now.written) == (("a",), 0, ("articles-00000.jsonl",))
    changed = documents(instance)["a"]
    assert (changed.title, changed.language, changed.ingested) == ("U", "en", DAY)
    assert take(instance, path, options={"title": "U"}, update_metadata=True).updated == ()


def test_a_copy_takes_the_split_of_the_old_one(instance: Instance, inbox: Path) -> None:
    chance = random.Random(8)
    originals = [article(chance) for _ in range(40)]
    take(instance, *(written(inbox, f"old-{n}.txt", " ".join(words)) for n, words in enumerate(originals)))
    copies = [written(inbox, f"copy-{n}.txt", " ".join(edited(w, 0.02, chance))) for n, w in enumerate(originals)]
    report = take(instance, *copies, written(inbox, "same.txt", " ".join(originals[0])))
    known = documents(instance)
    assert len(report.clusters) == 40
    assert len({document.split for document in known.values()}) > 1
    for number in range(40):
        assert known[f"copy-{number}"].split == known[f"old-{number}"].split
    assert known["same"].split == known["old-0"].split
    assert next(c for c in report.clusters if "same" in c.new).doc_ids == ("copy-0", "old-0", "same")


def test_an_equal_text_under_another_name_is_kept_and_told(instance: Instance, inbox: Path) -> None:
    take(instance, written(inbox, "a.txt", "Two drones over Odesa.\n"))
    report = take(instance, written(inbox, "b.txt", "Two drones over Odesa.\n"))
    (cluster,) = report.clusters
    assert (cluster.doc_ids, cluster.new, cluster.same_text) == (("a", "b"), ("b",), True)
    known = documents(instance)
    assert known["a"].split == known["b"].split == cluster.split


def test_a_bridge_between_two_splits_is_told_and_moves_nothing(instance: Instance, inbox: Path) -> None:
    chance = random.Random(2)
    corpus = Corpus(instance.root)
    shared = article(chance, 150)
    one, other = article(chance, 120) + shared, shared + article(chance, 120)
    take(instance, written(inbox, "one.txt", " ".join(one)), written(inbox, "other.txt", " ".join(other)))
    splits = {"one": "test", "other": "validation"}
    replace_together(corpus.rewriting([corpus.batch(0).name], lambda d: replace_split(d, splits[d.doc_id])))
    report = take(instance, written(inbox, "bridge.txt", " ".join(one + other[150:])))
    (cluster,) = report.clusters
    assert cluster.bridged == ("validation", "test")
    assert [d.split for d in corpus.documents()] == ["validation", "test", "validation"]
    assert cluster.split == "validation"


def replace_split(document: Document, split: str) -> Document:
    return msgspec.structs.replace(document, split=split)


def test_the_plan_is_what_is_done(instance: Instance, inbox: Path) -> None:
    paths = [written(inbox, f"{n}.txt", f"News {n}.\n") for n in range(5)]
    plan = take(instance, *paths, dry_run=True)
    assert contents(instance) == {}
    report = take(instance, *paths)
    assert replace(plan, dry_run=False, written=report.written) == report
    assert [path.name for path in instance.private.iterdir()].count("arriving.sqlite") == 0


def test_the_cache_may_be_lost_or_damaged(instance: Instance, inbox: Path) -> None:
    chance = random.Random(4)
    words = article(chance)
    take(instance, written(inbox, "old.txt", " ".join(words)))
    cache = instance.private / "articles.sqlite"
    whole = cache.read_bytes()
    for number, damage in enumerate(
        (None, b"no database" * 999, whole[:5000], whole[:4096] + bytes(len(whole) - 4096))
    ):
        cache.unlink()
        if damage:
            cache.write_bytes(damage)
        copy = written(inbox, f"copy-{number}.txt", " ".join(edited(words, 0.02, chance)))
        assert "old" in take(instance, copy).clusters[0].doc_ids


@pytest.mark.parametrize("limit", [1 << 12, 1 << 15, 1 << 17])
def test_a_disk_that_is_full_leaves_the_corpus_as_it_was(instance: Instance, inbox: Path, limit: int) -> None:
    take(instance, written(inbox, "old.txt", "Two drones.\n"))
    before = contents(instance)
    chance = random.Random(1)
    paths = [str(written(inbox, f"{n}.txt", " ".join(article(chance)))) for n in range(60)]
    full = (
        "import resource, sys; from sayso import cli\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2); cli.main()"
    )
    command = [sys.executable, "-c", full, str(limit), "--root", str(instance.root), "ingest", *paths]
    stopped = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (stopped.returncode, stopped.stderr.count("\n")) == (10, 1)
    assert contents(instance) == before
    assert len(take(instance, *paths).new) == 60


def test_the_corpus_may_change_behind_the_cache(instance: Instance, inbox: Path) -> None:
    path = written(inbox, "a.txt", "Two drones.\n")
    take(instance, path)
    Corpus(instance.root).batch(0).unlink()
    assert take(instance, path).new == ("a",)


def test_only_the_last_batch_is_written_again(instance: Instance, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BATCH_DOCUMENTS", 4)
    take(instance, *(written(inbox, f"b{n}.txt", f"News {n}.\n") for n in range(6)))
    report = take(instance, *(written(inbox, f"a{n}.txt", f"More news {n}.\n") for n in range(3)))
    assert report.written == ("articles-00001.jsonl", "articles-00002.jsonl")
    assert len(documents(instance)) == 9


def test_records_are_read_by_their_own_field_names(instance: Instance, inbox: Path) -> None:
    record = {"id": 17, "body": "Two drones.", "headline": "Drones", "lang": "en", "tags": ["x"], "url": None}
    path = written(inbox, "dump.jsonl", json.dumps(record) + "\n")
    fields = metadata.mapping(["text=body", "doc_id=id", "title=headline", "language=lang"])
    report = take(instance, path, fields=fields, options={"outlet": "Gazette"})
    document = documents(instance)["17"]
    assert (document.title, document.language, document.outlet) == ("Drones", "en", "Gazette")
    assert document.source_name == "dump.jsonl"
    assert report.noticed == {"fields 'tags' that we have no place for, not taken": 1}


def test_a_corpus_takes_its_own_records_back(instance: Instance, inbox: Path, tmp_path: Path) -> None:
    take(instance, written(inbox, "a.txt", "Two drones.\n"), options={"language": "en", "published": "2025-10-31"})
    other = new_instance(tmp_path / "other")
    take(other, Corpus(instance.root).batch(0))
    assert contents(other) == contents(instance)


@pytest.mark.parametrize("name", ["side.csv", "side.jsonl"])
def test_a_side_table_says_what_is_known(instance: Instance, inbox: Path, name: str) -> None:
    rows = [
        {"doc_id": "a", "title": "First, \"quoted\"", "published": "2025-10-31"},
        {"file": "zwei drei.txt", "doc_id": "b", "outlet": "Gazette"},
        {"doc_id": "nobody", "title": "?"},
    ]  # fmt: skip
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    cells = '\ufeffdoc_id,file,title,published,outlet\na,,"First, ""quoted""",2025-10-31,\nb,zwei drei.txt,,,Gazette\n'
    side = written(inbox.parent, name, lines if name.endswith("jsonl") else cells + "nobody,,?,,\n")
    written(inbox, "a.txt", "One.")
    written(inbox, "sub/zwei drei.txt", "Two.")
    report = take(instance, inbox, side_table=side, options={"outlet": "Every"})
    known = documents(instance)
    assert (known["a"].title, known["a"].published, known["a"].outlet) == ('First, "quoted"', "2025-10-31", "Every")
    assert (known["b"].outlet, known["b"].source_name) == ("Gazette", "zwei drei.txt")
    assert [row.partition(": ")[2] for row in report.unused_rows] == ["doc_id nobody"]


def test_folders_are_walked_in_order_and_what_is_left_out_is_told(instance: Instance, inbox: Path) -> None:
    for name in ("b/2.txt", "a/1.txt", ".git/x.txt", "notes.pdf", "c.jsonl"):
        written(inbox, name, '{"doc_id": "3", "text": "Three."}' if name == "c.jsonl" else f"{name} says something.")
    report = take(instance, inbox)
    assert report.new == ("1", "2", "3")
    assert report.noticed == {"files in folders that are neither .txt nor .jsonl, not read": 1}


def test_standard_input_needs_a_name(instance: Instance) -> None:
    assert sayso(instance.root, "ingest", "-", stdin=b"Two drones.").returncode == 7
    done(instance.root, "ingest", "-", "--doc-id", "a", stdin=b"Two drones.\r\n")
    done(instance.root, "ingest", "-", "--format", "jsonl", stdin=b'{"doc_id":"b","text":"Three drones."}')
    known = documents(instance)
    assert (known["a"].text, known["a"].source_name, known["b"].text) == ("Two drones.\r\n", "stdin", "Three drones.")
    assert sayso(instance.root, "ingest", "-", "-", "--doc-id", "c", stdin=b"x").returncode == 2


def test_the_day_may_come_from_the_build(instance: Instance, inbox: Path) -> None:
    path = written(inbox, "a.txt", "Two drones.\n")
    done(instance.root, "ingest", str(path), environment={"SOURCE_DATE_EPOCH": "86400"})
    assert documents(instance)["a"].ingested == "1970-01-02"


def test_the_report_is_for_programs_too(instance: Instance, inbox: Path) -> None:
    path = written(inbox, "a.txt", "Two drones.\n")
    report = json.loads(done(instance.root, "ingest", "--json", str(path)))
    assert (report["schema"], report["new"], report["written"]) == (1, ["a"], ["articles-00000.jsonl"])
    assert sayso(instance.root, "ingest", str(path)).stdout == ""
    assert stat.S_IMODE(instance.private.stat().st_mode) == 0o700


REFUSED_TEXTS = [
    (b"caf\xe9\n\xe9", "wrong.txt:1: byte 3 is not UTF-8; convert it: iconv -f ENCODING -t UTF-8"),
    ("x".encode("utf-16"), "iconv -f UTF-16"),
    (b"ok\nb\xed\xa0\xbd", "wrong.txt:2: byte 4 is not UTF-8"),
    (b"a\nb\0c", "code point 3 (line 2 of the text) is a NUL"),
    (b"", "the text is empty"),
    (b" \n\t\r\n", "only white space"),
    (b"\xef\xbb\xbf\n", "only white space"),
]


@pytest.mark.parametrize(("raw", "what"), REFUSED_TEXTS)
def test_a_wrong_text_is_refused_with_its_place(instance: Instance, inbox: Path, raw: bytes, what: str) -> None:
    (inbox / "wrong.txt").write_bytes(raw)
    written(inbox, "good.txt", "Two drones.\n")
    with pytest.raises(InputError) as caught:
        take(instance, inbox)
    assert what in str(caught.value)
    assert "wrong.txt" in str(caught.value)
    assert contents(instance) == {}


REFUSED_LINES = [
    (b'{"doc_id":"x","text":"a\\ud83d"}', "wrong.jsonl:2: code point 1 (line 1 of the text) is half of a surrogate"),
    (b'{"doc_id":"x","text":"a\\u0000"}', "is a NUL"),
    (b'{"doc_id":"x","text":"a"', "invalid json"),
    (b'{"doc_id":"x","text":"a","text":"b"}', "stands twice"),
    (b'{"doc_id":"x","text":""}', "the text is empty"),
    (b'{"doc_id":"x","text":7}', "--field text=NAME"),
    (b'{"doc_id":"x","body":"a"}', "--field text=NAME"),
    (b'{"text":"a"}', "--field doc_id=NAME"),
    (b'{"doc_id":"a b","text":"a"}', "cannot be a doc_id"),
    (b'{"doc_id":"x","text":"a","title":["t"]}', "'title' is not text"),
    (b'{"doc_id":"x","text":"a","title":"\\ud83d"}', "title holds"),
    (b'{"doc_id":"x","text":"a","published":"31 October"}', "ISO 8601"),
    (b'{"doc_id":"x","text":"a","language":"english language"}', "BCP 47"),
    (b'{"doc_id":"x","text":"a","text_sha256":"00"}', "text_sha256"),
    (b'{"doc_id":"good","text":"other words"}', "with other words"),
    (b'{"doc_id":"good","text":"Two drones.","title":"T"}', "with other metadata"),
    (b"\xff", "utf-8"),
]


@pytest.mark.parametrize(("line", "what"), REFUSED_LINES)
def test_a_wrong_line_is_refused_with_its_place(instance: Instance, inbox: Path, line: bytes, what: str) -> None:
    path = inbox / "wrong.jsonl"
    path.write_bytes(b'{"doc_id":"good","text":"Two drones."}\n' + line + b"\n")
    with pytest.raises(InputError) as caught:
        take(instance, path)
    assert what in str(caught.value)
    assert "wrong.jsonl:2" in str(caught.value)
    assert contents(instance) == {}


def test_all_that_is_wrong_is_told_at_once(instance: Instance, inbox: Path) -> None:
    for name in ("a b.txt", "good.txt", "c d.txt"):
        written(inbox, name, "News.")
    written(inbox, "e.jsonl", "{")
    with pytest.raises(RefusedError, match="3 articles are refused"):
        take(instance, inbox)
    result = sayso(instance.root, "ingest", str(inbox))
    assert result.returncode == 7
    assert [line.split(": ")[0].rpartition("/")[2] for line in result.stderr.splitlines()[:3]] == [
        "a b.txt", "c d.txt", "e.jsonl:1",
    ]  # fmt: skip
    assert "Traceback" not in result.stderr
    assert contents(instance) == {}


def test_paths_that_hold_nothing_are_refused(instance: Instance, inbox: Path) -> None:
    with pytest.raises(InputError, match="in this folder"):
        take(instance, inbox)
    with pytest.raises(InputError, match="no article here"):
        take(instance, written(inbox, "empty.jsonl", "\n\n"))
    with pytest.raises(InputError, match="--format text"):
        take(instance, written(inbox, "a.md", "News."))
    with pytest.raises(InputError, match="no such file or folder"):
        take(instance, inbox / "none.txt")
    assert take(instance, inbox / "a.md", format="text").new == ("a",)


def test_one_doc_id_cannot_name_two_articles(instance: Instance, inbox: Path) -> None:
    written(inbox, "a.txt", "One.")
    written(inbox, "b.txt", "Two.")
    with pytest.raises(UsageError, match="names one article"):
        take(instance, inbox, options={"doc_id": "x"})


def test_a_very_long_article_is_refused_unless_asked_for(instance: Instance, inbox: Path) -> None:
    path = written(inbox, "long.txt", "Two drones were seen. " * 300_000)
    with pytest.raises(InputError, match="more than 5,000,000 bytes"):
        take(instance, path)
    line = written(inbox, "long.jsonl", json.dumps({"doc_id": "l", "text": path.read_text()}))
    with pytest.raises(InputError, match=r"long.jsonl:1: .*--max-bytes"):
        take(instance, line)
    assert take(instance, path, max_bytes=50_000_000).new == ("long",)


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("doc_id,licence\na,CC0-1.0\n", "no such field: licence"),
        ("title\nT\n", "neither doc_id nor file"),
        ("doc_id,title\na,T\na,U\n", "a second row for doc_id a"),
        ("doc_id,title\na\n", "1 cells under 2 columns"),
        ("doc_id,doc_id\na,b\n", "one name"),
        ('doc_id,title\na,"T\n', "unexpected end of data"),
        ("doc_id,published\na,yesterday\n", "ISO 8601"),
    ],
)
def test_a_wrong_side_table_is_refused(instance: Instance, inbox: Path, table: str, what: str) -> None:
    written(inbox, "a.txt", "One.")
    with pytest.raises(InputError, match=what):
        take(instance, inbox, side_table=written(inbox.parent, "side.csv", table))
    assert contents(instance) == {}
