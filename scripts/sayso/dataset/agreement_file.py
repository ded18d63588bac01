"""``corpus/agreement.json``: the output of ``sayso agreement --json``, measured by a build.

There is no such file while no document was annotated by two people in one pass, each blind to the
other. A build measures again when annotations, the schema, or the code changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from sayso.agreement import measurement
from sayso.agreement.agreement_report import encode_report
from sayso.agreement.comparisons import PEOPLE, with_excluded
from sayso.code_digest import library_versions, package_digest
from sayso.corpus.sources import CorpusFiles
from sayso.files import convert_os_errors, is_file, read_file
from sayso.schema.declarations import Schema, schema_digest

AGREEMENT_FILE = "agreement.json"


def agreement_inputs_digest(sources: Mapping[str, str], schema: Schema) -> str:
    """Return a digest of everything the figures depend on.

    Args:
        sources: the digest of each file by its path in the checkout.
    """
    annotations = [
        f"{name} {digest}"
        for name, digest in sorted(sources.items())
        if name.startswith("corpus/annotations/")
    ]
    parts = [*annotations, package_digest(), library_versions("numpy"), schema_digest(schema)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def measure_agreement(corpus: CorpusFiles, schema: Schema) -> bytes | None:
    """Return the content of the file; None if there is nothing to compare."""
    if not any(len(corpus.annotation_files(campaign)) > 1 for campaign in corpus.campaigns()):
        return None  # each annotator has one file
    report = measurement.measure_agreement(corpus.items(with_excluded(PEOPLE)), schema)
    return encode_report(report) if report.measurements else None


def read_agreement_file(folder: Path) -> bytes | None:
    """Return the content of the file in ``folder``; None if there is none."""
    path = folder / AGREEMENT_FILE
    with convert_os_errors(path):
        return read_file(path) if is_file(path) else None
