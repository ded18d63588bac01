"""`sayso agreement` on annotators who err as people do, against libraries that compute a part of it.

    python tests/benchmarks/agreement.py [documents ...]

Three annotators read every article. Each misses a tenth of the mentions, moves each edge of a fifth, takes a twentieth
for something else, adds two of their own, chooses another value in a tenth, and forgets a tenth of the relations.
Ours is the whole command, from start to exit, with a thousand bootstrap samples of every figure. The libraries are
given what they take, ready in memory, and find no interval: `krippendorff` a matrix of code points by annotators for
each label, seqeval tags of tokens of one layer for each pair, pygamma-agreement a few continua, since it takes long.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY))

import msgspec  # noqa: E402

from sayso import jsonl  # noqa: E402
from sayso import schema as schemas  # noqa: E402
from sayso.records import (  # noqa: E402
    Annotation,
    Document,
    Mention,
    Relation,
    ordered_mentions,
    ordered_relations,
)
from sayso.store import Corpus  # noqa: E402
from tests.benchmarks.corpus import synthetic_annotations, synthetic_documents  # noqa: E402

COUNTS, RUNS, ANNOTATORS = (1_000, 4_000), 3, ("ann-1", "ann-2", "ann-3")
SCHEMA = schemas.load(REPOSITORY / "schema" / "schema.yaml")
_SWAPS = {"Actor": "Location", "Location": "Actor", "Cue": "Actor"}


def made(root: Path, count: int) -> None:
    """An instance with ``count`` articles of 3 kB, each read by three people."""
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    corpus = Corpus(root)
    jsonl.write(corpus.batch(0), synthetic_documents(count))
    for annotator in ANNOTATORS:
        corpus.write_annotations("synthetic", annotator, answers(count, annotator))


def answers(count: int, annotator: str) -> Iterator[Annotation]:
    """What one annotator makes of the articles, the same each time."""
    texts = synthetic_documents(count)
    for document, answer in zip(texts, synthetic_annotations(synthetic_documents(count), annotator), strict=True):
        yield human(document, answer, random.Random(f"{document.doc_id} {annotator}"))


def human(document: Document, answer: Annotation, chance: random.Random) -> Annotation:
    """The answer as somebody would have given it who errs."""
    read = [_seen(document, mention, chance) for mention in answer.mentions if chance.random() > 0.1]
    mentions = list(_apart([*read, *_spurious(document, chance)]))
    labels = {mention.id: mention.label for mention in mentions}
    relations = [each for each in answer.relations if chance.random() > 0.1 and _fits(each, labels)]
    return msgspec.structs.replace(
        answer, annotator_kind="human", mentions=ordered_mentions(mentions), relations=ordered_relations(relations)
    )


def _seen(document: Document, mention: Mention, chance: random.Random) -> Mention:
    start = mention.start + (chance.randint(-6, 6) if chance.random() < 0.2 else 0)
    end = mention.end + (chance.randint(-6, 6) if chance.random() < 0.2 else 0)
    if not 0 <= start < end <= len(document.text):
        start, end = mention.start, mention.end
    label = _SWAPS.get(mention.label, mention.label) if chance.random() < 0.05 else mention.label
    chosen = mention.attributes if label == mention.label else {}
    return _mention(document, mention.id, label, start, end, {**_values(label, chance), **_kept(chosen, chance)})


def _kept(chosen: dict[str, str | int], chance: random.Random) -> dict[str, str | int]:
    return {name: value for name, value in chosen.items() if chance.random() > 0.1}


def _values(label: str, chance: random.Random) -> dict[str, str | int]:
    closed = {name: each for name, each in SCHEMA.labels[label].attributes.items() if each.closed}
    return {name: chance.choice(list(each.values)) for name, each in closed.items()}


def _spurious(document: Document, chance: random.Random) -> Iterator[Mention]:
    for number in range(2):
        label, start = chance.choice(list(SCHEMA.labels)), chance.randrange(len(document.text) - 20)
        end = start + chance.randint(3, 20)
        yield _mention(document, f"own-{number}", label, start, end, _values(label, chance))


def _mention(
    document: Document, name: str, label: str, start: int, end: int, attributes: dict[str, str | int]
) -> Mention:
    return Mention(
        id=name, label=label, start=start, end=end, text=document.text[start:end], attributes=attributes
    )  # fmt: skip


def _apart(mentions: Iterable[Mention]) -> Iterator[Mention]:
    """Without those that overlap an earlier one of their label, as the rules of the scheme have it."""
    ends: dict[str, int] = {}
    for mention in sorted(mentions, key=lambda each: each.start):
        if mention.start >= ends.get(mention.label, 0):
            ends[mention.label] = mention.end
            yield mention


def _fits(relation: Relation, labels: dict[str, str]) -> bool:
    declared = SCHEMA.relations[relation.type]
    return (labels.get(relation.head), labels.get(relation.tail)) == (declared.head, declared.tail)


def ours(root: Path) -> tuple[float, float]:
    """Seconds and MB at the peak of the whole command."""
    words = [sys.executable, "-m", "sayso", "--root", str(root), "agreement", "--json"]
    begun = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _id, status, used = __import__("os").wait4(process.pid, 0)
    assert status == 0
    return time.perf_counter() - begun, used.ru_maxrss / 1024
