"""``corpus/agreement.json``: how far people agree, as ``sayso agreement --json`` prints it. Measured by a build.

There is no such file while no document was answered by two people in one pass, neither with the other's answer before
them. It is measured again when an answer, the schema or a rule of measuring is another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from sayso import schema as schemas
from sayso.agreement.answers import LeftOut, Who, compared
from sayso.agreement.measure import measure
from sayso.agreement.stated import encoded, stated
from sayso.dataset.sources import file_digest
from sayso.files import explained
from sayso.schema import Schema
from sayso.store import Corpus

FILE = "agreement.json"
_CODE = Path(__file__).parents[1]
_MEASURING = ("agreement/*.py", "checks/scheme.py", "jsonl.py", "readings.py", "records.py", "schema.py", "spans.py",
              "store.py")  # fmt: skip
_ANSWERS = "corpus/annotations/"


def basis(sources: Mapping[str, str], schema: Schema) -> str:
    """A digest of all that the figures depend on. ``sources``: the digest of each file, by its path in the checkout."""
    answers = [f"{name} {digest}" for name, digest in sorted(sources.items()) if name.startswith(_ANSWERS)]
    code = [file_digest(path) for pattern in _MEASURING for path in sorted(_CODE.glob(pattern))]
    parts = [*answers, *code, schemas.digest(schema), f"numpy {version('numpy')}"]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def measured(corpus: Corpus, schema: Schema) -> bytes | None:
    """What the file is to hold; None where there is nothing to compare.

    Raises:
        InputError, SpanError: as ``sayso agreement``.
    """
    if not any(len(corpus.annotation_files(campaign)) > 1 for campaign in corpus.campaigns()):
        return None  # one annotator has one file
    left_out = LeftOut()
    found = stated(measure(compared(corpus, Who(), left_out), schema, left_out=left_out), left_out)
    return encoded(found) if found.measurements else None


def lying(folder: Path) -> bytes | None:
    """What the file in ``folder`` holds; None where there is none."""
    path = folder / FILE
    with explained(path):
        return path.read_bytes() if path.is_file() else None
