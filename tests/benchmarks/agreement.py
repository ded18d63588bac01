"""`sayso agreement` on simulated annotators, against libraries that compute a part of it.

    python tests/benchmarks/agreement.py [documents ...]

Three annotators read every article. Each misses a tenth of the mentions, moves each edge of a
fifth, takes a twentieth for something else, adds two of their own, chooses another value in a
tenth, and forgets a tenth of the relations. Ours is the whole command, from start to exit, with
the interval of every figure. The libraries are given what they take, ready in memory,
and find no interval: `krippendorff` a matrix of annotators by code points for each label, seqeval a
tag for every four characters, one layer at a time since it knows no nesting, pygamma-agreement a
few documents, since it takes long. Beside each stands what we find of the same, also from memory.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY))

import msgspec  # noqa: E402
import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402

from sayso import jsonl  # noqa: E402
from sayso.agreement import character_alpha, jackknife, span_f1  # noqa: E402
from sayso.agreement.annotation_pairs import (  # noqa: E402
    ALL,
    AnnotationPair,
    AnnotationSet,
    DocumentStatistics,
    IndexedAnnotation,
    StatisticKey,
)
from sayso.agreement.comparisons import ComparedDocument  # noqa: E402
from sayso.agreement.measurement import measure_comparisons  # noqa: E402
from sayso.agreement.unitizing_alpha import UnitContinuum  # noqa: E402
from sayso.corpus.sources import CorpusFiles  # noqa: E402
from sayso.models import (  # noqa: E402
    Annotation,
    AttributeValue,
    Document,
    Mention,
    Relation,
    sort_mentions,
    sort_relations,
)
from sayso.schema import declarations as schemas  # noqa: E402
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents  # noqa: E402

COUNTS, RUNS, GAMMA, ANNOTATORS = (1_000, 4_000), 3, 5, ("ann-1", "ann-2", "ann-3")
SCHEMA = schemas.load_schema(REPOSITORY / "schema" / "schema.yaml")
_SWAPS = {"Actor": "Location", "Location": "Actor", "Cue": "Actor"}


def write_corpus(root: Path, count: int) -> None:
    """An instance with ``count`` articles of 3 kB, each read by three people."""
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    corpus = CorpusFiles(root)
    jsonl.write(corpus.batch_file(0), synthetic_documents(count))
    for annotator in ANNOTATORS:
        corpus.write_annotations("synthetic", annotator, make_annotations(count, annotator))


def make_annotations(count: int, annotator: str) -> Iterator[Annotation]:
    """Yield one annotator's annotations, the same each time."""
    texts = synthetic_documents(count)
    for document, answer in zip(
        texts, synthetic_annotations(synthetic_documents(count), annotator), strict=True
    ):
        yield add_errors(document, answer, random.Random(f"{document.doc_id} {annotator}"))


def add_errors(document: Document, answer: Annotation, chance: random.Random) -> Annotation:
    """The answer as somebody would have given it who errs."""
    read = [
        _distort(document, mention, chance) for mention in answer.mentions if chance.random() > 0.1
    ]
    mentions = list(_remove_overlaps([*read, *_spurious_mentions(document, chance)]))
    labels = {mention.id: mention.label for mention in mentions}
    relations = [each for each in answer.relations if chance.random() > 0.1 and _fits(each, labels)]
    return msgspec.structs.replace(
        answer,
        annotator_kind="human",
        mentions=sort_mentions(mentions),
        relations=sort_relations(relations),
    )


def _distort(document: Document, mention: Mention, chance: random.Random) -> Mention:
    start = mention.start + (chance.randint(-6, 6) if chance.random() < 0.2 else 0)
    end = mention.end + (chance.randint(-6, 6) if chance.random() < 0.2 else 0)
    if not 0 <= start < end <= len(document.text):
        start, end = mention.start, mention.end
    label = _SWAPS.get(mention.label, mention.label) if chance.random() < 0.05 else mention.label
    chosen = mention.attributes if label == mention.label else {}
    return _make_mention(
        document,
        mention.id,
        label,
        start,
        end,
        {**_random_values(label, chance), **_forget_some(chosen, chance)},
    )


def _forget_some(
    chosen: dict[str, AttributeValue], chance: random.Random
) -> dict[str, AttributeValue]:
    return {name: value for name, value in chosen.items() if chance.random() > 0.1}


def _random_values(label: str, chance: random.Random) -> dict[str, AttributeValue]:
    closed = {
        name: each for name, each in SCHEMA.labels[label].attributes.items() if each.is_closed
    }
    return {name: chance.choice(list(each.values)) for name, each in closed.items()}


def _spurious_mentions(document: Document, chance: random.Random) -> Iterator[Mention]:
    for number in range(2):
        label, start = chance.choice(list(SCHEMA.labels)), chance.randrange(len(document.text) - 20)
        end = start + chance.randint(3, 20)
        yield _make_mention(
            document, f"own-{number}", label, start, end, _random_values(label, chance)
        )


def _make_mention(
    document: Document,
    name: str,
    label: str,
    start: int,
    end: int,
    attributes: dict[str, AttributeValue],
) -> Mention:
    return Mention(
        id=name,
        label=label,
        start=start,
        end=end,
        text=document.text[start:end],
        attributes=attributes,
    )


def _remove_overlaps(mentions: Iterable[Mention]) -> Iterator[Mention]:
    """Yield the mentions that do not overlap an earlier one of their label."""
    ends: dict[str, int] = {}
    for mention in sorted(mentions, key=lambda each: each.start):
        if mention.start >= ends.get(mention.label, 0):
            ends[mention.label] = mention.end
            yield mention


def _fits(relation: Relation, labels: dict[str, str]) -> bool:
    declared = SCHEMA.relations[relation.type]
    return (labels.get(relation.head), labels.get(relation.tail)) == (declared.head, declared.tail)


def time_command(root: Path) -> tuple[float, float]:
    """Seconds and MB at the peak of the whole command."""
    words = [sys.executable, "-m", "sayso", "--root", str(root), "agreement", "--json"]
    begun = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _id, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    assert status == 0, "the command failed"
    return seconds, used.ru_maxrss / 1024


class LoadedCorpus:
    """A corpus in memory, as the libraries are given it."""

    def __init__(self, root: Path) -> None:
        corpus = CorpusFiles(root)
        group = zip(
            *(list(jsonl.read(path, Annotation)) for path in corpus.annotation_files()), strict=True
        )
        self.documents = [
            (of, list(each)) for of, each in zip(corpus.documents(), group, strict=True)
        ]

    def index(self) -> list[tuple[int, list[IndexedAnnotation]]]:
        return [
            (len(of.text), [IndexedAnnotation(answer) for answer in group])
            for of, group in self.documents
        ]

    def matrix(self, label: str) -> npt.NDArray[np.float64]:
        """Annotators by code points, 1 inside the label."""
        found = np.zeros((len(ANNOTATORS), sum(len(of.text) for of, _answers in self.documents)))
        first = 0
        for of, group in self.documents:
            for row, answer in zip(found, group, strict=True):
                for mention in answer.mentions:
                    if mention.label == label:
                        row[first + mention.start : first + mention.end] = 1
            first += len(of.text)
        return found

    def bio_tags(self, reader: int, label: str) -> list[list[str]]:
        """Return one annotator's BIO tags of one label, one for every four code points."""
        return [_bio_tags(len(of.text), group[reader], label) for of, group in self.documents]


def _bio_tags(length: int, answer: Annotation, label: str) -> list[str]:
    found = ["O"] * (length // 4 + 1)
    for mention in answer.mentions:
        if mention.label == label:
            first, last = mention.start // 4, (mention.end - 1) // 4
            found[first : last + 1] = [f"B-{label}", *[f"I-{label}"] * (last - first)]
    return found


PreparedRun = Callable[[], object]


def prepare_all_figures(read: LoadedCorpus) -> PreparedRun:
    """All our figures with all their intervals, of annotations in memory."""
    pairs = [ComparedDocument(of, "synthetic", "all", tuple(group)) for of, group in read.documents]
    return lambda: len(measure_comparisons(pairs, SCHEMA)[0].figures)


def prepare_our_characters(read: LoadedCorpus) -> PreparedRun:
    marked = read.index()

    def run() -> object:
        sums: jackknife.DocumentSums[StatisticKey] = jackknife.DocumentSums()
        for length, group in marked:
            into: DocumentStatistics = defaultdict(float)
            character_alpha.count_characters(into, group, length)
            sums.add(into)
        figures = character_alpha.estimate_characters(sums.leave_out(), [*SCHEMA.labels, ALL])
        return [round(float(each.values[0]), 12) for each in figures][: len(SCHEMA.labels)]

    return run


def prepare_krippendorff(read: LoadedCorpus) -> PreparedRun:
    import krippendorff

    matrices = [read.matrix(label) for label in SCHEMA.labels]
    return lambda: [
        round(float(krippendorff.alpha(each, level_of_measurement="nominal")), 12)
        for each in matrices
    ]


def prepare_our_f1(read: LoadedCorpus) -> PreparedRun:
    marked = read.index()

    def run() -> object:
        into: DocumentStatistics = defaultdict(float)
        for _length, group in marked:
            for two in combinations(group, 2):
                span_f1.count_spans(into, AnnotationPair(*two))
        return len(into)

    return run


def prepare_seqeval(read: LoadedCorpus) -> PreparedRun:
    from seqeval.metrics import f1_score

    layers = [
        [read.bio_tags(reader, label) for reader in range(len(ANNOTATORS))]
        for label in SCHEMA.labels
    ]
    return lambda: len([f1_score(*two) for layer in layers for two in combinations(layer, 2)])


def prepare_our_units(read: LoadedCorpus) -> PreparedRun:
    marked = read.index()[:GAMMA]

    def run() -> object:
        continuum = UnitContinuum()
        for number, (length, group) in enumerate(marked):
            pairs = [AnnotationPair(*two) for two in combinations(group, 2)]
            continuum.add(f"d{number}", length, [AnnotationSet(pairs)])
        return continuum.build_sums().documents

    return run


def prepare_pygamma(read: LoadedCorpus) -> PreparedRun:
    from pyannote.core import Segment
    from pygamma_agreement import CombinedCategoricalDissimilarity, Continuum

    continua = []
    for _of, group in read.documents[:GAMMA]:
        continuum = Continuum()
        for answer in group:
            for mention in answer.mentions:
                continuum.add(answer.annotator, Segment(mention.start, mention.end), mention.label)
        continua.append(continuum)
    return lambda: len(
        [each.compute_gamma(CombinedCategoricalDissimilarity(), fast=True) for each in continua]
    )


STEPS: dict[str, tuple[str, Callable[[LoadedCorpus], PreparedRun], str | None]] = {
    "all": ("every figure and interval, from memory", prepare_all_figures, None),
    "our-characters": ("alpha over code points, each label", prepare_our_characters, None),
    "their-characters": ("the same with krippendorff", prepare_krippendorff, "krippendorff"),
    "our-f1": ("F1, three ways, each label and pair", prepare_our_f1, None),
    "their-f1": ("exact F1, one way, with seqeval", prepare_seqeval, "seqeval"),
    "our-units": (f"alpha for unitizing, {GAMMA} documents", prepare_our_units, None),
    "their-units": ("gamma of these with pygamma-agreement", prepare_pygamma, "pygamma_agreement"),
}


def measure_step(step: str, root: Path) -> tuple[float, float, object] | None:
    """The best seconds of some runs, the most MB, and what came out;

    None where the library is not there.
    """
    module = STEPS[step][2]
    if module and find_spec(module) is None:
        return None
    runs = []
    for _ in range(RUNS):
        words = [sys.executable, __file__, "--step", step, str(root)]
        runs.append(
            json.loads(
                subprocess.run(
                    words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
                ).stdout
            )
        )
    return min(run[0] for run in runs), max(run[1] for run in runs), runs[0][2]


def run_step(name: str, root: Path) -> None:
    """One step, timed inside its process once all that it takes is ready."""
    run = STEPS[name][1](LoadedCorpus(root))
    begun = time.perf_counter()
    found = run()
    taken = time.perf_counter() - begun
    print(json.dumps([taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, found]))


def main(counts: tuple[int, ...]) -> None:
    """Print the figures."""
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            write_corpus(Path(folder), count)
            size = f"{count:,} articles of 3 kB, {len(ANNOTATORS)} annotators"
            print(f"agreement, {size} (seconds, MB at the peak)")
            runs = [time_command(Path(folder)) for _ in range(RUNS)]
            _print_row(
                "sayso agreement, start to exit",
                min(run[0] for run in runs),
                max(run[1] for run in runs),
            )
            if count == counts[0]:
                _print_steps(Path(folder))


def _print_steps(root: Path) -> None:
    before: tuple[float, float, object] | None = None
    for name, (told, _make, module) in STEPS.items():
        found = measure_step(name, root)
        if found is None:
            print(f"  {told:44} {module} is not installed")
            continue
        ratio = f"{found[0] / before[0]:8.1f} times as long" if module and before else ""
        same = (
            ", and the same figures"
            if before and isinstance(found[2], list) and found[2] == before[2]
            else ""
        )
        _print_row(told, found[0], found[1], ratio + same)
        before = found


def _print_row(told: str, seconds: float, megabytes: float, more: str = "") -> None:
    print(f"  {told:44} {seconds:8.3f} {megabytes:8.0f} {more}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        run_step(sys.argv[2], Path(sys.argv[3]))
    else:
        main(tuple(int(word) for word in sys.argv[1:]) or COUNTS)
