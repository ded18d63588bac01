"""A small corpus with gold, and suggesters of one's own."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.models import AttributeValue, Document, Gold, GoldMention, Split, sha256, sort_mentions
from sayso.settings import Checkout

TOWNS = ("Arvel", "Belmor", "Corvane", "Dastrin", "Elvora", "Fentar")
CREWS = ("Northern Brigade", "River Guard", "Hill Battalion")


def article_text(number: int) -> str:
    """An article of a few lines, another one for each number."""
    town, other, crew = TOWNS[number % 6], TOWNS[(number + 2) % 6], CREWS[number % 3]
    return (
        f"The {crew} attacked {town} on Monday.\n"
        f"Officials in {other} said that {number + 2} drones fell near {town}.\n"
        f"Nobody from the {crew} was there, and {other} stayed calm.\n"
    )


def build_document(number: int, split: Split = "train") -> Document:
    """One of the articles."""
    words = article_text(number)
    return Document(
        doc_id=f"doc-{number:03d}",
        language="en",
        license="unknown",
        source_name=f"{number}.txt",
        split=split,
        ingested="2026-01-01T00:00:00Z",
        text_sha256=sha256(words),
        text=words,
    )


def build_gold(of: Document) -> Gold:
    """Every town and every crew in it."""
    found = []
    for label, names in (("Location", TOWNS), ("Actor", CREWS)):
        for name in names:
            start = of.text.find(name)
            while start >= 0:
                attributes: dict[str, AttributeValue] = (
                    {"type": "armed_nonstate"}
                    if label == "Actor"
                    else {"use": "literal", "precision": "settlement"}
                )
                found.append(
                    GoldMention(
                        id=f"{label}{start}",
                        label=label,
                        start=start,
                        end=start + len(name),
                        text=name,
                        attributes=attributes,
                        decided="unanimous",
                    )
                )
                start = of.text.find(name, start + 1)
    return Gold(
        doc_id=of.doc_id,
        text_sha256=of.text_sha256,
        campaign="pilot",
        schema_version="1.0.0",
        adjudicated="2026-01-01T00:00:00Z",
        annotators=(),
        mentions=sort_mentions(found),
    )


def fill_corpus(
    checkout: Checkout, splits: Sequence[Split], *, adjudicated: bool = True
) -> list[Document]:
    """A corpus with a document for each split named, and gold for all of them."""
    corpus = CorpusFiles(checkout.root)
    documents = [build_document(number, split) for number, split in enumerate(splits)]
    jsonl.write(corpus.batch_file(0), documents)
    if adjudicated:
        jsonl.write(corpus.folder / "gold" / "pilot.jsonl", map(build_gold, documents))
    return documents


def declare_suggester(checkout: Checkout, folder: Path, name: str, body: str) -> None:
    """Declare a suggester of one's own whose function has this body; importable from ``folder``."""
    module = f"plugged_{name}"
    (folder / f"{module}.py").write_text(
        f"def suggest(document):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
    )
    path = checkout.root / "pyproject.toml"
    before = path.read_text() if path.exists() else "[tool.sayso.suggesters]\n"
    path.write_text(f'{before}{name} = "{module}:suggest"\n')
