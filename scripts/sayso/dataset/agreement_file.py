"""``corpus/agreement.json``: how far people agree, as ``sayso agreement --json`` prints it. Measured by a build.

There is no such file while no document was answered by two people in one pass, neither with the other's answer before
them. It is measured again when an answer, the schema or a rule of measuring is another one.
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
from sayso.files import convert_os_errors
from sayso.schema import declarations as schemas
from sayso.schema.declarations import Schema

AGREEMENT_FILE = "agreement.json"
_ANNOTATIONS_FOLDER = "corpus/annotations/"


def agreement_inputs_digest(sources: Mapping[str, str], schema: Schema) -> str:
    """A digest of all that the figures depend on. ``sources``: the digest of each file, by its path in the checkout."""
    answers = [
        f"{name} {digest}"
        for name, digest in sorted(sources.items())
        if name.startswith(_ANNOTATIONS_FOLDER)
    ]
    parts = [*answers, package_digest(), library_versions("numpy"), schemas.schema_digest(schema)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def measure_agreement(corpus: CorpusFiles, schema: Schema) -> bytes | None:
    """What the file is to hold; None where there is nothing to compare.

    Raises:
        InputError, SpanError: as ``sayso agreement``.
    """
    if not any(len(corpus.annotation_files(campaign)) > 1 for campaign in corpus.campaigns()):
        return None  # one annotator has one file
    report = measurement.measure_agreement(corpus.items(with_excluded(PEOPLE)), schema)
    return encode_report(report) if report.measurements else None


def read_agreement_file(folder: Path) -> bytes | None:
    """What the file in ``folder`` holds; None where there is none."""
    path = folder / AGREEMENT_FILE
    with convert_os_errors(path):
        return path.read_bytes() if path.is_file() else None
