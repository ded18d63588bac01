"""A document as a Label Studio task: the data shown, and the digests that identify it."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from sayso.labelstudio.controls import TEXT
from sayso.labelstudio.display import display_text
from sayso.models import Document

_ASCII_WHITESPACE = bytes.maketrans(b"\t\n\x0b\x0c\r", b"     ")


def build_task_data(document: Document, schema_version: str) -> dict[str, str]:
    """Build the data of the document's task.

    Every key that the interface shows holds text, since Label Studio refuses absent ones.
    """
    return {
        "doc_id": document.doc_id,
        **build_heading(document),
        TEXT: display_text(document.text, document.language),
        "text_sha256": document.text_sha256,
        "schema_version": schema_version,
    }


def build_heading(document: Document) -> dict[str, str]:
    """Build the data shown above the text."""
    about = " · ".join(filter(None, (document.outlet, document.published, document.url)))
    return {"title": document.title or document.doc_id, "about": about or "source unknown"}


def heading_digest(data: dict[str, Any]) -> str:
    """Return a digest of the data shown above the text."""
    return _digest(msgspec.json.encode([data.get("title"), data.get("about")]))


def text_digest(text: str) -> str:
    """Return a digest that ignores which white space stands where white space stands.

    Two texts with the same digest have the same words at the same offsets.

    >>> text_digest("Two fell.\u00a0One did not.") == text_digest("Two fell.\\nOne did not.")
    True
    >>> text_digest("a b") == text_digest("a  b")
    False
    """
    spaced = text.replace("\u00a0", " ").encode("utf-8", "surrogatepass")
    return _digest(spaced.translate(_ASCII_WHITESPACE))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
