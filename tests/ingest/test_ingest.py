"""Articles come in verbatim, all of a command or none, and the same ones twice change nothing."""

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

from sayso.corpus import sources
from sayso.corpus.sources import CorpusFiles
from sayso.errors import ConflictError, InputError, UsageError
from sayso.files import replace_together
from sayso.ingest import IngestRequest, IngestResult, RefusedArticlesError, article_metadata, ingest
from sayso.models import Document, sha256
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import new_checkout
from tests.ingest.test_near_duplicates import edit_words, make_article

DAY = "2026-11-22"


def ingest_paths(checkout: Checkout, *paths: Path | str, **order: object) -> IngestResult:
    return ingest(checkout, IngestRequest(tuple(map(str, paths)), **{"ingested": DAY, **order}))  # type: ignore[arg-type]


def read_documents(checkout: Checkout) -> dict[str, Document]:
    return {document.doc_id: document for document in CorpusFiles(checkout.root).documents()}


def read_sources(checkout: Checkout) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in CorpusFiles(checkout.root).batch_files()}


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def write_article(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


DIFFICULT_TEXT = (
    "\ufeff\r\n\r\n  a\tb\u00a0\u200b 👩‍👩‍👧 e\u0301 𝒜 שלום <b>&amp;</b>\r\rx\u2028y\u0085\n\n\n"
)


def test_a_text_comes_in_to_the_letter(checkout: Checkout, inbox: Path) -> None:
    report = ingest_paths(
        checkout, write_article(inbox, "a.txt", DIFFICULT_TEXT), metadata={"language": "en"}
    )
    document = read_documents(checkout)["a"]
    assert document.text == DIFFICULT_TEXT
    assert document.text_sha256 == sha256(DIFFICULT_TEXT)
    assert (document.language, document.license, document.outlet) == ("en", "unknown", None)
    assert (document.source_name, document.ingested) == ("a.txt", DAY)
    assert list(report.notices) == ["texts that begin with a byte order mark, kept as U+FEFF"]


@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(
        str.strip
    )
)
def test_any_text_comes_in_to_the_letter(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    checkout = new_checkout(folder / "checkout")
    if not text.strip().strip("\ufeff"):
        return
    ingest_paths(
        checkout,
        write_article(folder, "a.txt", text),
        write_article(folder, "b.jsonl", json.dumps({"doc_id": "b", "text": text})),
    )
    assert {document.text for document in read_documents(checkout).values()} == {text}
    assert len({document.split for document in read_documents(checkout).values()}) == 1


def test_the_same_again_is_no_news(checkout: Checkout, inbox: Path) -> None:
    path = write_article(inbox, "a.txt", "Two drones.\n")
    ingest_paths(checkout, path)
    before = read_sources(checkout)
    report = ingest_paths(checkout, path, inbox, ingested="2027-01-01")
    assert (report.new, report.unchanged, report.written_files) == ((), 1, ())
    assert read_sources(checkout) == before


def test_the_order_of_paths_leaves_no_trace(tmp_path: Path, inbox: Path) -> None:
    chance = random.Random(5)
    words = make_article(chance)
    texts = [" ".join(edit_words(words, 0.02, chance)) for _ in range(4)] + [
        " ".join(make_article(chance)) for _ in range(4)
    ]
    paths = [
        write_article(inbox, f"d{chance.randrange(999)}-{n}.txt", text)
        for n, text in enumerate(texts)
    ]
    outcomes = []
    for turn in range(3):
        checkout = new_checkout(tmp_path / f"checkout{turn}")
        chance.shuffle(paths)
        report = ingest_paths(checkout, *paths)
        outcomes.append((read_sources(checkout), report.clusters))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert [len(cluster.doc_ids) for cluster in outcomes[0][1]] == [4]


def test_a_changed_text_is_refused_with_a_way_forward(checkout: Checkout, inbox: Path) -> None:
    ingest_paths(checkout, write_article(inbox, "a.txt", "Two drones.\n"))
    before = read_sources(checkout)
    changed = write_article(inbox, "a.txt", "Three drones.\n")
    with pytest.raises(ConflictError) as caught:
        ingest_paths(checkout, changed, write_article(inbox, "new.txt", "Other news.\n"))
    message = str(caught.value)
    assert "document a " in message
    assert sha256("Two drones.\n")[:12] in message
    assert sha256("Three drones.\n")[:12] in message
    assert "--doc-id a-v2" in message
    assert "--replace-text" in message
    assert read_sources(checkout) == before
    assert ingest_paths(checkout, changed, metadata={"doc_id": "a-v2"}).new == ("a-v2",)
    assert run_sayso(checkout.root, "ingest", str(changed)).returncode == ConflictError.exit_code


@pytest.mark.parametrize("name", ["nowhere", "nowhere.txt"])
def test_what_is_not_there_is_said_not_to_be_there(
    checkout: Checkout, inbox: Path, name: str
) -> None:
    result = run_sayso(checkout.root, "ingest", str(inbox / name))
    assert result.returncode == InputError.exit_code
    assert re.search("no such file", result.stderr, re.IGNORECASE)
    assert name in result.stderr


def test_metadata_is_changed_only_on_request(checkout: Checkout, inbox: Path) -> None:
    path = write_article(inbox, "a.txt", "Two drones.\n")
    ingest_paths(checkout, path, metadata={"language": "en", "title": "T"})
    assert ingest_paths(checkout, path).with_other_metadata == ()
    result = ingest_paths(checkout, path, metadata={"title": "U"})
    assert (result.with_other_metadata, result.unchanged, result.updated) == (("a",), 1, ())
    assert read_documents(checkout)["a"].title == "T"
    done_now = ingest_paths(
        checkout, path, metadata={"title": "U"}, update_metadata=True, ingested="2027-01-01"
    )
    assert (done_now.updated, done_now.unchanged, done_now.written_files) == (
        ("a",),
        0,
        ("articles-00000.jsonl",),
    )
    changed = read_documents(checkout)["a"]
    assert (changed.title, changed.language, changed.ingested) == ("U", "en", DAY)
    assert ingest_paths(checkout, path, metadata={"title": "U"}, update_metadata=True).updated == ()


def test_a_copy_takes_the_split_of_the_old_one(checkout: Checkout, inbox: Path) -> None:
    chance = random.Random(8)
    originals = [make_article(chance) for _ in range(40)]
    ingest_paths(
        checkout,
        *(
            write_article(inbox, f"old-{n}.txt", " ".join(words))
            for n, words in enumerate(originals)
        ),
    )
    copies = [
        write_article(inbox, f"copy-{n}.txt", " ".join(edit_words(w, 0.02, chance)))
        for n, w in enumerate(originals)
    ]
    report = ingest_paths(
        checkout, *copies, write_article(inbox, "same.txt", " ".join(originals[0]))
    )
    known = read_documents(checkout)
    assert len(report.clusters) == 40
    assert len({document.split for document in known.values()}) > 1
    for number in range(40):
        assert known[f"copy-{number}"].split == known[f"old-{number}"].split
    assert known["same"].split == known["old-0"].split
    assert next(c for c in report.clusters if "same" in c.new).doc_ids == (
        "copy-0",
        "old-0",
        "same",
    )


def test_an_equal_text_under_another_name_is_kept_and_reported(
    checkout: Checkout, inbox: Path
) -> None:
    ingest_paths(checkout, write_article(inbox, "a.txt", "Two drones over Odesa.\n"))
    report = ingest_paths(checkout, write_article(inbox, "b.txt", "Two drones over Odesa.\n"))
    (cluster,) = report.clusters
    assert (cluster.doc_ids, cluster.new, cluster.same_text) == (("a", "b"), ("b",), True)
    known = read_documents(checkout)
    assert known["a"].split == known["b"].split == cluster.split


def test_a_bridge_between_two_splits_is_reported_and_moves_nothing(
    checkout: Checkout, inbox: Path
) -> None:
    chance = random.Random(2)
    corpus = CorpusFiles(checkout.root)
    shared = make_article(chance, 150)
    one, other = make_article(chance, 120) + shared, shared + make_article(chance, 120)
    ingest_paths(
        checkout,
        write_article(inbox, "one.txt", " ".join(one)),
        write_article(inbox, "other.txt", " ".join(other)),
    )
    splits = {"one": "test", "other": "validation"}
    replace_together(
        corpus.rewrite_batches(
            [corpus.batch_file(0).name], lambda d: replace_split(d, splits[d.doc_id])
        )
    )
    report = ingest_paths(checkout, write_article(inbox, "bridge.txt", " ".join(one + other[150:])))
    (cluster,) = report.clusters
    assert cluster.kept_splits == ("validation", "test")
    assert [d.split for d in corpus.documents()] == ["validation", "test", "validation"]
    assert cluster.split == "validation"


def replace_split(document: Document, split: str) -> Document:
    return msgspec.structs.replace(document, split=split)


def test_the_plan_is_what_is_done(checkout: Checkout, inbox: Path) -> None:
    paths = [write_article(inbox, f"{n}.txt", f"News {n}.\n") for n in range(5)]
    plan = ingest_paths(checkout, *paths, dry_run=True)
    assert read_sources(checkout) == {}
    report = ingest_paths(checkout, *paths)
    assert replace(plan, dry_run=False, written_files=report.written_files) == report
    assert [path.name for path in checkout.private.iterdir()].count("arriving.sqlite") == 0


def test_the_cache_may_be_lost_or_damaged(checkout: Checkout, inbox: Path) -> None:
    chance = random.Random(4)
    words = make_article(chance)
    ingest_paths(checkout, write_article(inbox, "old.txt", " ".join(words)))
    cache = checkout.private / "articles.sqlite"
    whole = cache.read_bytes()
    for number, damage in enumerate(
        (None, b"no database" * 999, whole[:5000], whole[:4096] + bytes(len(whole) - 4096))
    ):
        cache.unlink()
        if damage:
            cache.write_bytes(damage)
        copy = write_article(inbox, f"copy-{number}.txt", " ".join(edit_words(words, 0.02, chance)))
        assert "old" in ingest_paths(checkout, copy).clusters[0].doc_ids


@pytest.mark.parametrize("limit", [1 << 12, 1 << 15, 1 << 17])
def test_a_disk_that_is_full_leaves_the_corpus_as_it_was(
    checkout: Checkout, inbox: Path, limit: int
) -> None:
    ingest_paths(checkout, write_article(inbox, "old.txt", "Two drones.\n"))
    before = read_sources(checkout)
    chance = random.Random(1)
    paths = [
        str(write_article(inbox, f"{n}.txt", " ".join(make_article(chance)))) for n in range(60)
    ]
    full = (
        "import resource, sys; from sayso import cli\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2); cli.main()"
    )
    command = [
        sys.executable,
        "-c",
        full,
        str(limit),
        "--root",
        str(checkout.root),
        "ingest",
        *paths,
    ]
    stopped = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (stopped.returncode, stopped.stderr.count("\n")) == (10, 1)
    assert read_sources(checkout) == before
    assert len(ingest_paths(checkout, *paths).new) == 60


def test_the_corpus_may_change_behind_the_cache(checkout: Checkout, inbox: Path) -> None:
    path = write_article(inbox, "a.txt", "Two drones.\n")
    ingest_paths(checkout, path)
    CorpusFiles(checkout.root).batch_file(0).unlink()
    assert ingest_paths(checkout, path).new == ("a",)


def test_only_the_last_batch_is_written_again(
    checkout: Checkout, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "BATCH_DOCUMENTS", 4)
    ingest_paths(checkout, *(write_article(inbox, f"b{n}.txt", f"News {n}.\n") for n in range(6)))
    report = ingest_paths(
        checkout, *(write_article(inbox, f"a{n}.txt", f"More news {n}.\n") for n in range(3))
    )
    assert report.written_files == ("articles-00001.jsonl", "articles-00002.jsonl")
    assert len(read_documents(checkout)) == 9


def test_records_are_read_by_their_own_field_names(checkout: Checkout, inbox: Path) -> None:
    record = {
        "id": 17,
        "body": "Two drones.",
        "headline": "Drones",
        "lang": "en",
        "tags": ["x"],
        "url": None,
    }
    path = write_article(inbox, "dump.jsonl", json.dumps(record) + "\n")
    fields = article_metadata.parse_field_mapping(
        ["text=body", "doc_id=id", "title=headline", "language=lang"]
    )
    report = ingest_paths(checkout, path, fields=fields, metadata={"outlet": "Gazette"})
    document = read_documents(checkout)["17"]
    assert (document.title, document.language, document.outlet) == ("Drones", "en", "Gazette")
    assert document.source_name == "dump.jsonl"
    assert report.notices == {"unknown fields 'tags', not used": 1}


def test_a_corpus_takes_its_own_records_back(
    checkout: Checkout, inbox: Path, tmp_path: Path
) -> None:
    ingest_paths(
        checkout,
        write_article(inbox, "a.txt", "Two drones.\n"),
        metadata={"language": "en", "published": "2025-10-31"},
    )
    other = new_checkout(tmp_path / "other")
    ingest_paths(other, CorpusFiles(checkout.root).batch_file(0))
    assert read_sources(other) == read_sources(checkout)


@pytest.mark.parametrize("name", ["side.csv", "side.jsonl"])
def test_a_side_table_says_what_is_known(checkout: Checkout, inbox: Path, name: str) -> None:
    rows = [
        {"doc_id": "a", "title": 'First, "quoted"', "published": "2025-10-31"},
        {"file": "zwei drei.txt", "doc_id": "b", "outlet": "Gazette"},
        {"doc_id": "nobody", "title": "?"},
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    cells = (
        "\ufeffdoc_id,file,title,published,outlet\n"
        'a,,"First, ""quoted""",2025-10-31,\n'
        "b,zwei drei.txt,,,Gazette\n"
    )
    side = write_article(
        inbox.parent, name, lines if name.endswith("jsonl") else cells + "nobody,,?,,\n"
    )
    write_article(inbox, "a.txt", "One.")
    write_article(inbox, "sub/zwei drei.txt", "Two.")
    report = ingest_paths(checkout, inbox, metadata_table=side, metadata={"outlet": "Every"})
    known = read_documents(checkout)
    assert (known["a"].title, known["a"].published, known["a"].outlet) == (
        'First, "quoted"',
        "2025-10-31",
        "Every",
    )
    assert (known["b"].outlet, known["b"].source_name) == ("Gazette", "zwei drei.txt")
    assert [row.partition(": ")[2] for row in report.unused_rows] == ["doc_id nobody"]


def test_folders_are_walked_in_order_and_what_is_excluded_is_reported(
    checkout: Checkout, inbox: Path
) -> None:
    for name in ("b/2.txt", "a/1.txt", ".git/x.txt", "notes.pdf", "c.jsonl"):
        write_article(
            inbox,
            name,
            '{"doc_id": "3", "text": "Three."}' if name == "c.jsonl" else f"{name} says something.",
        )
    report = ingest_paths(checkout, inbox)
    assert report.new == ("1", "2", "3")
    assert report.notices == {"files in folders that are neither .txt nor .jsonl, not read": 1}


def test_standard_input_needs_a_name(checkout: Checkout) -> None:
    assert run_sayso(checkout.root, "ingest", "-", stdin=b"Two drones.").returncode == 7
    run_sayso_ok(checkout.root, "ingest", "-", "--doc-id", "a", stdin=b"Two drones.\r\n")
    run_sayso_ok(
        checkout.root,
        "ingest",
        "-",
        "--format",
        "jsonl",
        stdin=b'{"doc_id":"b","text":"Three drones."}',
    )
    known = read_documents(checkout)
    assert (known["a"].text, known["a"].source_name, known["b"].text) == (
        "Two drones.\r\n",
        "stdin",
        "Three drones.",
    )
    assert run_sayso(checkout.root, "ingest", "-", "-", "--doc-id", "c", stdin=b"x").returncode == 2


def test_the_day_may_come_from_the_build(checkout: Checkout, inbox: Path) -> None:
    path = write_article(inbox, "a.txt", "Two drones.\n")
    run_sayso_ok(checkout.root, "ingest", str(path), environment={"SOURCE_DATE_EPOCH": "86400"})
    assert read_documents(checkout)["a"].ingested == "1970-01-02"


def test_the_report_is_for_programs_too(checkout: Checkout, inbox: Path) -> None:
    path = write_article(inbox, "a.txt", "Two drones.\n")
    report = json.loads(run_sayso_ok(checkout.root, "ingest", "--json", str(path)))
    assert (report["schema"], report["new"], report["written_files"]) == (
        1,
        ["a"],
        ["articles-00000.jsonl"],
    )
    assert run_sayso(checkout.root, "ingest", str(path)).stdout == ""
    assert stat.S_IMODE(checkout.private.stat().st_mode) == 0o700


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
def test_a_wrong_text_is_refused_with_its_place(
    checkout: Checkout, inbox: Path, raw: bytes, what: str
) -> None:
    (inbox / "wrong.txt").write_bytes(raw)
    write_article(inbox, "good.txt", "Two drones.\n")
    with pytest.raises(InputError) as caught:
        ingest_paths(checkout, inbox)
    assert what in str(caught.value)
    assert "wrong.txt" in str(caught.value)
    assert read_sources(checkout) == {}


REFUSED_LINES = [
    (
        b'{"doc_id":"x","text":"a\\ud83d"}',
        "wrong.jsonl:2: code point 1 (line 1 of the text) is half of a surrogate",
    ),
    (b'{"doc_id":"x","text":"a\\u0000"}', "is a NUL"),
    (b'{"doc_id":"x","text":"a"', "invalid json"),
    (b'{"doc_id":"x","text":"a","text":"b"}', "stands twice"),
    (b'{"doc_id":"x","text":""}', "the text is empty"),
    (b'{"doc_id":"x","text":7}', "--field text=NAME"),
    (b'{"doc_id":"x","body":"a"}', "--field text=NAME"),
    (b'{"text":"a"}', "--field doc_id=NAME"),
    (b'{"doc_id":"a b","text":"a"}', "cannot be a doc_id"),
    (b'{"doc_id":"x","text":"a","title":["t"]}', "'title' is not text"),
    (b'{"doc_id":"x","text":"a","title":"\\ud83d"}', "title contains"),
    (b'{"doc_id":"x","text":"a","published":"31 October"}', "ISO 8601"),
    (b'{"doc_id":"x","text":"a","language":"english language"}', "BCP 47"),
    (b'{"doc_id":"x","text":"a","text_sha256":"00"}', "text_sha256"),
    (b'{"doc_id":"good","text":"other words"}', "with another text"),
    (b'{"doc_id":"good","text":"Two drones.","title":"T"}', "with other metadata"),
    (b"\xff", "utf-8"),
]


@pytest.mark.parametrize(("line", "what"), REFUSED_LINES)
def test_a_wrong_line_is_refused_with_its_place(
    checkout: Checkout, inbox: Path, line: bytes, what: str
) -> None:
    path = inbox / "wrong.jsonl"
    path.write_bytes(b'{"doc_id":"good","text":"Two drones."}\n' + line + b"\n")
    with pytest.raises(InputError) as caught:
        ingest_paths(checkout, path)
    assert what in str(caught.value)
    assert "wrong.jsonl:2" in str(caught.value)
    assert read_sources(checkout) == {}


def test_all_refusals_are_reported_at_once(checkout: Checkout, inbox: Path) -> None:
    for name in ("a b.txt", "good.txt", "c d.txt"):
        write_article(inbox, name, "News.")
    write_article(inbox, "e.jsonl", "{")
    with pytest.raises(RefusedArticlesError, match="3 articles are refused"):
        ingest_paths(checkout, inbox)
    result = run_sayso(checkout.root, "ingest", str(inbox))
    assert result.returncode == 7
    assert [line.split(": ")[0].rpartition("/")[2] for line in result.stderr.splitlines()[:3]] == [
        "a b.txt",
        "c d.txt",
        "e.jsonl:1",
    ]
    assert "Traceback" not in result.stderr
    assert read_sources(checkout) == {}


def test_paths_that_hold_nothing_are_refused(checkout: Checkout, inbox: Path) -> None:
    with pytest.raises(InputError, match="in this folder"):
        ingest_paths(checkout, inbox)
    with pytest.raises(InputError, match="no article here"):
        ingest_paths(checkout, write_article(inbox, "empty.jsonl", "\n\n"))
    with pytest.raises(InputError, match="--format text"):
        ingest_paths(checkout, write_article(inbox, "a.md", "News."))
    with pytest.raises(InputError, match="no such file or folder"):
        ingest_paths(checkout, inbox / "none.txt")
    assert ingest_paths(checkout, inbox / "a.md", format="text").new == ("a",)


def test_one_doc_id_cannot_name_two_articles(checkout: Checkout, inbox: Path) -> None:
    write_article(inbox, "a.txt", "One.")
    write_article(inbox, "b.txt", "Two.")
    with pytest.raises(UsageError, match="names one article"):
        ingest_paths(checkout, inbox, metadata={"doc_id": "x"})


def test_a_very_long_article_is_refused_unless_asked_for(checkout: Checkout, inbox: Path) -> None:
    path = write_article(inbox, "long.txt", "Two drones were seen. " * 300_000)
    with pytest.raises(InputError, match="more than 5,000,000 bytes"):
        ingest_paths(checkout, path)
    line = write_article(inbox, "long.jsonl", json.dumps({"doc_id": "l", "text": path.read_text()}))
    with pytest.raises(InputError, match=r"long.jsonl:1: .*--max-bytes"):
        ingest_paths(checkout, line)
    assert ingest_paths(checkout, path, max_bytes=50_000_000).new == ("long",)


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
def test_a_wrong_side_table_is_refused(
    checkout: Checkout, inbox: Path, table: str, what: str
) -> None:
    write_article(inbox, "a.txt", "One.")
    with pytest.raises(InputError, match=what):
        ingest_paths(checkout, inbox, metadata_table=write_article(inbox.parent, "side.csv", table))
    assert read_sources(checkout) == {}


def test_options_give_metadata(checkout: Checkout, inbox: Path) -> None:
    path = write_article(inbox, "a.txt", "Two drones.\n")
    words = ["ingest", str(path), "--title", "T", "--outlet", "O", "--published", "2026-11-22"]
    run_sayso_ok(checkout.root, *words, "--source-name", "wire.txt")
    document = read_documents(checkout)["a"]
    assert (document.title, document.outlet, document.published) == ("T", "O", "2026-11-22")
    assert document.source_name == "wire.txt"
    run_sayso_ok(checkout.root, "ingest", str(path), "--title", "U", "--update-metadata")
    assert read_documents(checkout)["a"].title == "U"
