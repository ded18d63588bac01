"""`sayso export` in every format against the format's own library writing the same from plain JSON.

    python tests/benchmarks/formats.py [documents] [format …]

The library's writer reads a finished JSON Lines export with `json` and writes it with the library:
`conllu`, `spacy`, `cassis`, `csv`, `json`, and for brat plain lines. It checks nothing and counts
no loss. Each figure is one run in a process of its own; memory is its peak, once more for a tenth
of the documents.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY))
DOCUMENTS = 10_000
DOCUMENTS_PER_FILE = 500


def export_corpus(root: Path, name: str) -> None:
    """Export the corpus."""
    from sayso.formats.corpus_export import ExportRequest, export
    from sayso.settings import find_checkout

    export(find_checkout(root), ExportRequest(name, root / "out" / name, lossy=True))


def read_export(root: Path) -> Iterator[dict[str, Any]]:
    """Yield the exported documents as plain JSON."""
    with (root / "out" / "jsonl").open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def write_jsonl(root: Path, out: Path) -> None:
    """Write with json.dumps."""
    with (out / "plain.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in read_export(root))


def write_csv(root: Path, out: Path) -> None:
    """Write a mention a row with csv.writer."""
    with (out / "plain.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for line in read_export(root):
            for m in line["mentions"]:
                writer.writerow(
                    (
                        line["doc_id"],
                        m["id"],
                        m["label"],
                        m["start"],
                        m["end"],
                        m["text"],
                        *m["attributes"].values(),
                    )
                )


def write_brat(root: Path, out: Path) -> None:
    """Write plain lines."""
    for line in read_export(root):
        (out / f"{line['doc_id']}.txt").write_text(line["text"], encoding="utf-8", newline="")
        with (out / f"{line['doc_id']}.ann").open("w", encoding="utf-8") as file:
            for number, m in enumerate(line["mentions"]):
                file.write(f"T{number}\t{m['label']} {m['start']} {m['end']}\t{m['text']}\n")
                file.writelines(
                    f"A{number}\t{name} T{number} {value}\n"
                    for name, value in m["attributes"].items()
                )
            file.writelines(
                f"R\t{r['type']} Arg1:{r['head']} Arg2:{r['tail']}\n" for r in line["relations"]
            )


def write_w3c(root: Path, out: Path) -> None:
    """Write a page a document with json.dumps."""
    for line in read_export(root):
        items = [
            {
                "type": "Annotation",
                "body": [{"type": "TextualBody", "value": m["label"]}, m["attributes"]],
                "target": {
                    "source": line["doc_id"],
                    "start": m["start"],
                    "end": m["end"],
                    "exact": m["text"],
                },
            }
            for m in line["mentions"]
        ]
        (out / f"{line['doc_id']}.jsonld").write_text(
            json.dumps({"items": items}), encoding="utf-8"
        )
        (out / f"{line['doc_id']}.txt").write_text(line["text"], encoding="utf-8", newline="")


def write_conll(root: Path, out: Path) -> None:
    """Write conllu's TokenList, words by white space."""
    from conllu.models import Token, TokenList

    with (out / "plain.conllu").open("w", encoding="utf-8") as file:
        for line in read_export(root):
            labels = sorted({m["label"] for m in line["mentions"]})
            tokens, at = [], 0
            for number, word in enumerate(line["text"].split(), 1):
                at = line["text"].index(word, at)
                tags = dict.fromkeys(labels, "O")
                tokens.append(Token(id=number, form=word, start=at, end=at + len(word), **tags))
                at += len(word)
            file.write(TokenList(tokens, metadata={"newdoc id": line["doc_id"]}).serialize())


def write_spacy(root: Path, out: Path) -> None:
    """Write a DocBin with spaCy's own tokenizer and char_span."""
    import spacy
    from spacy.tokens import DocBin

    language = spacy.blank("en")
    held, files = DocBin(store_user_data=True), 0
    for number, line in enumerate(read_export(root), 1):
        doc = language.make_doc(line["text"])
        layers: dict[str, list[Any]] = {}
        for m in line["mentions"]:
            if span := doc.char_span(m["start"], m["end"], label=m["label"]):
                layers.setdefault(m["label"], []).append(span)
        doc.spans.update(layers)
        doc.user_data["mentions"] = {m["id"]: m["attributes"] for m in line["mentions"]}
        held.add(doc)
        if number % DOCUMENTS_PER_FILE == 0:
            held.to_disk(out / f"{files}.spacy")
            held, files = DocBin(store_user_data=True), files + 1
    held.to_disk(out / f"{files}.spacy")


def write_webanno(root: Path, out: Path) -> None:
    """Write with cassis, a type with a feature for each attribute."""
    import cassis

    types = cassis.TypeSystem()
    mention = types.create_type("custom.Mention")
    first = next(read_export(root))
    for name in ("label", *sorted({name for m in first["mentions"] for name in m["attributes"]})):
        types.create_feature(mention, "kind" if name == "type" else name, "uima.cas.String")
    for line in read_export(root):
        cas = cassis.Cas(typesystem=types)
        cas.sofa_string, cas.sofa_mime = line["text"], "text/plain"
        for m in line["mentions"]:
            values = {
                "kind" if name == "type" else name: str(value)
                for name, value in m["attributes"].items()
            }
            cas.add(mention(begin=m["start"], end=m["end"], label=m["label"], **values))
        cas.to_xmi(out / f"{line['doc_id']}.xmi")


LIBRARY_WRITERS: dict[str, Callable[[Path, Path], None]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "brat": write_brat,
    "w3c": write_w3c,
    "conll": write_conll,
    "spacy": write_spacy,
    "webanno": write_webanno,
}


def measure(root: Path, who: str, name: str) -> tuple[float, float]:
    """Return seconds of the processor and MiB at the peak of one run in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--run", who, name, str(root)], capture_output=True, check=True
    )
    seconds, size = done.stdout.split()
    return float(seconds), float(size)


def run_once(who: str, name: str, root: Path) -> None:
    """Run once and print seconds of the processor and MiB."""
    from tests.benchmarks.build import make_checkout

    out = root / "plain" / name
    out.mkdir(parents=True, exist_ok=True)
    begun = time.process_time()  # of the processor: what else the machine does is nobody's
    if who == "make":
        make_checkout(root, int(name))
    elif who == "ours":
        export_corpus(root, name)
    else:
        LIBRARY_WRITERS[name](root, out)
    print(time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main(count: int, names: tuple[str, ...]) -> None:
    """Print the table."""
    print(f"{count:,} documents of 3 kB, {25 * count:,} mentions, {20 * count:,} relations")
    with tempfile.TemporaryDirectory() as folder:
        tenth, whole = Path(folder, "tenth"), Path(folder, "whole")
        for root, documents in ((tenth, count // 10), (whole, count)):
            root.mkdir()
            measure(
                root, "make", str(documents)
            )  # elsewhere too: a child's peak is never below its parent's size
            measure(root, "ours", "jsonl")  # what the library's writers read
        print(f"{'':8} {'export':>9} {'library':>9} {'ratio':>6} {'memory':>9} {'a tenth':>9}")
        for name in names:
            small = measure(tenth, "ours", name)[1]
            seconds, size = measure(whole, "ours", name)
            plain = measure(whole, "library", name)[0]
            print(
                f"{name:8} {seconds:7.1f} s {plain:7.1f} s {seconds / plain:6.2f}"
                f" {size:5.0f} MiB {small:5.0f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run_once(sys.argv[2], sys.argv[3], Path(sys.argv[4]))
    else:
        documents = int(sys.argv[1]) if sys.argv[1:] else DOCUMENTS
        main(documents, tuple(sys.argv[2:]) or tuple(LIBRARY_WRITERS))
