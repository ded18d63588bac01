"""`sayso disagreements` and `sayso feedback` against plain reading of the same files.

    python tests/benchmarks/disagreements.py [documents ...]

Three annotators of each document of 3 kB, 25 mentions and 20 relations each; two of them leave a
fifth of the mentions out, others for each, and one takes articles off. The yardstick reads
documents and annotations side by side, checks every record and compares nothing. Memory is the peak
of a process of its own; in the browser, until the page can be used.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY))

from msgspec.structs import replace  # noqa: E402

from sayso.models import Annotation, Mention  # noqa: E402

COUNTS = (1_000, 10_000)
PEOPLE = ("ann-1", "ann-2", "ann-3")


def write_corpus(root: Path, count: int) -> None:
    """An instance with three annotators and gold, which is what none of them left out."""
    from sayso import jsonl
    from sayso.corpus.sources import CorpusFiles
    from sayso.models import Gold, GoldRelation
    from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
    from tests.dataset.samples import make_gold_mention

    shutil.copytree(REPOSITORY / "schema", root / "schema")
    corpus = CorpusFiles(root)
    jsonl.write(corpus.batch_file(0), synthetic_documents(count))
    for place, name in enumerate(PEOPLE):
        annotations = synthetic_annotations(synthetic_documents(count), name)
        corpus.write_annotations(
            "synthetic", name, (_add_errors(each, place) for each in annotations)
        )
    gold = (
        Gold(
            doc_id=a.doc_id,
            text_sha256=a.text_sha256,
            campaign="synthetic",
            interface="all",
            schema_version="1.0.0",
            adjudicated="2025-11-05",
            annotators=PEOPLE,
            mentions=tuple(make_gold_mention(m, "majority") for m in a.mentions),
            relations=tuple(
                GoldRelation(type=r.type, head=r.head, tail=r.tail, decided="majority")
                for r in a.relations
            ),
        )
        for a in synthetic_annotations(synthetic_documents(count), "gold")
    )
    jsonl.write(corpus.folder / "gold" / "synthetic.jsonl", gold)


def _add_errors(answer: Annotation, place: int) -> Annotation:
    kept = [
        _remove_article(m) if place == 2 else m
        for n, m in enumerate(answer.mentions)
        if not place or n % 5 != place
    ]
    ids = {mention.id for mention in kept}
    relations = tuple(r for r in answer.relations if r.head in ids and r.tail in ids)
    return replace(answer, annotator_kind="human", mentions=tuple(kept), relations=relations)


def _remove_article(mention: Mention) -> Mention:
    cut = 4 if mention.text.startswith("The ") else 0
    return replace(mention, start=mention.start + cut, text=mention.text[cut:])


def read_only(root: Path) -> None:
    """Everything read side by side, and nothing else."""
    from sayso.corpus.sources import CorpusFiles

    for _item in CorpusFiles(root).items():
        pass


def count_disagreements(root: Path) -> None:
    """The table of the command."""
    for _case in _iterate_cases(root):
        pass


def _iterate_cases(root: Path) -> Iterator[object]:
    from sayso.agreement.comparisons import ExcludedAnnotations
    from sayso.agreement.disagreement_cases import DisagreementFilter, iterate_disagreement_cases
    from sayso.corpus.sources import CorpusFiles
    from sayso.schema.declarations import load_schema

    yield from iterate_disagreement_cases(
        CorpusFiles(root),
        load_schema(root / "schema" / "schema.yaml"),
        DisagreementFilter(),
        ExcludedAnnotations(),
    )


def write_page(root: Path) -> None:
    """The explorer."""
    from sayso.cli import sayso

    sayso(
        ["--root", str(root), "disagreements", "--html", str(root / "page.html")],
        standalone_mode=False,
    )


def write_feedback(root: Path) -> None:
    """A page for each of the three."""
    from sayso.cli import sayso

    sayso(["--root", str(root), "feedback"], standalone_mode=False)


STEPS: dict[str, Callable[[Path], None]] = {
    "plain": read_only,
    "counted": count_disagreements,
    "page": write_page,
    "feedback": write_feedback,
}


def time_until_usable(path: Path) -> float:
    """Seconds from the start of the navigation until the page can be used."""
    from tests.browser_pages import start_browser

    with start_browser() as browser:
        shown = browser.new_page()
        begun = time.perf_counter()
        shown.goto(path.as_uri())
        shown.wait_for_selector("html[data-ready]")
        return time.perf_counter() - begun


def measure_step(step: str, root: Path) -> tuple[float, float]:
    """Seconds and peak memory in MB of a step in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--step", step, str(root)],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, memory = done.stdout.splitlines()[-1].split()
    return float(seconds), float(memory)


def main(counts: tuple[int, ...]) -> None:
    """Print a line for each step and size."""
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write_corpus(root, count)
            yardstick, _memory = measure_step("plain", root)
            print(f"{count:,} documents, 3 annotators; reading alone {yardstick:.2f} s")
            for step in ("counted", "page", "feedback"):
                seconds, memory = measure_step(step, root)
                ratio = f"{seconds / yardstick:5.1f} × reading"
                print(f"  {step:9} {seconds:6.2f} s  {ratio}  {memory:,.0f} MB")
            size = (root / "page.html").stat().st_size
            seconds = time_until_usable(root / "page.html")
            print(f"  the page has {size / 1e6:.1f} MB and can be used after {seconds:.2f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        begun = time.perf_counter()
        STEPS[sys.argv[2]](Path(sys.argv[3]))
        print(
            time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        )
    else:
        main(tuple(map(int, sys.argv[1:])) or COUNTS)
