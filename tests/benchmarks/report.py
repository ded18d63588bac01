"""The time of `sayso report` against orjson writing the same JSON, and of its page in Chromium.

    python tests/benchmarks/report.py [documents ...]

The baseline writes the JSON of the page with orjson: it reads no source, and checks, counts and
draws nothing. Memory is the peak of a separate process. In the browser, three times are measured:
until the claims table can be searched, until a search has its rows, and until a document is shown.
"""

from __future__ import annotations

import importlib
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY))
COUNTS, RUNS = (1_000, 10_000), 3
_JSON = re.compile(
    rb'<script type="application/json" id="[a-z]+-[a-z0-9]+">(.*?)</script>', re.DOTALL
)


def make_corpus(root: Path, count: int) -> None:
    """Write ``count`` articles of 3 kB, each with an annotation of 25 mentions."""
    from sayso import jsonl
    from sayso.corpus.sources import CorpusFiles
    from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents

    shutil.copytree(REPOSITORY / "schema", root / "schema")
    corpus = CorpusFiles(root)
    jsonl.write(corpus.batch_file(0), synthetic_documents(count))
    corpus.write_annotations(
        "synthetic", "reader", synthetic_annotations(synthetic_documents(count), "reader")
    )


def time_report(root: Path) -> float:
    """Return the seconds for a new report."""
    from sayso.reports.corpus_report import write_report
    from sayso.settings import find_checkout

    (root / "report.html").unlink(missing_ok=True)
    begun = time.perf_counter()
    write_report(find_checkout(root), root / "report.html")
    return time.perf_counter() - begun


def time_unchanged_report(root: Path) -> float:
    """Return the seconds for a report that has not changed."""
    from sayso.reports.corpus_report import write_report
    from sayso.settings import find_checkout

    begun = time.perf_counter()
    assert not write_report(find_checkout(root), root / "report.html").changed
    return time.perf_counter() - begun


def time_orjson(root: Path) -> float:
    """Return the seconds for orjson to write the JSON of the page."""
    import orjson

    blocks = [orjson.loads(block) for block in _JSON.findall((root / "report.html").read_bytes())]
    begun = time.perf_counter()
    with (root / "bare.json").open("wb") as file:
        for block in blocks:
            file.write(orjson.dumps(block))
    return time.perf_counter() - begun


def measure_step(step: str, root: Path) -> tuple[float, float]:
    """Return the least seconds and the most MB of several processes."""
    runs = []
    for _ in range(RUNS):
        words = [sys.executable, __file__, "--step", step, str(root)]
        runs.append(json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout))
    return min(seconds for seconds, _ in runs), max(megabytes for _, megabytes in runs)


def measure_browser(path: Path) -> dict[str, float]:
    """Return milliseconds in Chromium, the least of several fresh starts."""
    from playwright.sync_api import sync_playwright

    from tests.browser import find_chromium

    found: dict[str, list[float]] = {
        "can be searched": [],
        "a search has its rows": [],
        "a document stands there": [],
    }
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=str(find_chromium()), args=["--no-sandbox"]
        )
        for _ in range(RUNS):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(
                "new MutationObserver((_, all) => { if (document.documentElement?.dataset.ready) "
                "{ window.readyAt = performance.now(); all.disconnect(); } })"
                ".observe(document, {subtree: true, attributes: true})"
            )
            page.goto(f"{path.as_uri()}#claims")
            found["can be searched"].append(page.wait_for_function("window.readyAt").json_value())
            found["a search has its rows"].append(page.evaluate(_SEARCH))
            found["a document stands there"].append(page.evaluate(_OPEN))
            page.close()
        browser.close()
    return {name: min(times) for name, times in found.items()}


_SEARCH = """() => new Promise(done => {
    const begun = performance.now(), status = document.querySelector('#view-claims .status');
    new MutationObserver(() => done(performance.now() - begun)).observe(status, {childList: true});
    const field = document.querySelector('#view-claims .search input');
    field.value = 'belgorod soldiers';
    field.dispatchEvent(new Event('input', {bubbles: true}));
})"""
_OPEN = """() => new Promise(done => {
    const begun = performance.now(), section = document.querySelector('#view-document');
    new MutationObserver(() => done(performance.now() - begun)).observe(section, {childList: true});
    document.querySelector('#view-claims tbody a').click();
})"""


def main(counts: tuple[int, ...]) -> None:
    """Print the measurements."""
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            make_corpus(root, count)
            whole, same, yardstick = (
                measure_step(step, root) for step in ("ours", "again", "bare")
            )
            size, times = (
                (root / "report.html").stat().st_size,
                measure_browser(root / "report.html"),
            )
        print(
            f"report, {count:,} articles of 3 kB with 25 mentions each "
            "(seconds, peak MB, times the baseline)"
        )
        for name, (seconds, megabytes) in {
            "the whole report": whole,
            "the same again, nothing changed": same,
            "baseline: orjson writes the same JSON": yardstick,
        }.items():
            print(f"  {name:44} {seconds:8.2f} {megabytes:8.0f} {seconds / yardstick[0]:8.1f}")
        print(f"  the file                                     {size / 1e6:8.1f} MB")
        for name, milliseconds in times.items():
            print(f"  in Chromium, {name:31} {milliseconds:8.0f} ms")


def run_step(name: str, root: Path) -> None:
    """Run one step, timed inside its process without the start of the interpreter."""
    importlib.import_module("sayso.reports.corpus_report")
    importlib.import_module("orjson")
    taken = {"ours": time_report, "again": time_unchanged_report, "bare": time_orjson}[name](root)
    print(json.dumps([taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        run_step(sys.argv[2], Path(sys.argv[3]))
    else:
        main(tuple(int(word) for word in sys.argv[1:]) or COUNTS)
