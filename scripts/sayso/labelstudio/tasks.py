"""A document as a Label Studio task: what is shown, and by what it is recognised again."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from sayso.labelstudio.controls import TEXT
from sayso.labelstudio.display import display_text
from sayso.models import Document

_ASCII_WHITESPACE = bytes.maketrans(b"\t\n\x0b\x0c\r", b"     ")


def build_task_data(document: Document, schema_version: str) -> dict[str, str]:
    """The data of the document's task. Every key that the interface shows holds words: it refuses an absent one."""
    return {
        "doc_id": document.doc_id,
        **build_heading(document),
        TEXT: display_text(document.text, document.language),
        "text_sha256": document.text_sha256,
        "schema_version": schema_version,
    }


def build_heading(document: Document) -> dict[str, str]:
    """What stands above the text."""
    about = " · ".join(filter(None, (document.outlet, document.published, document.url)))
    return {"title": document.title or document.doc_id, "about": about or "source unknown"}


def heading_digest(data: dict[str, Any]) -> str:
    """A digest of what an annotator reads about the document, but not of its text."""
    return _digest(msgspec.json.encode([data.get("title"), data.get("about")]))


def text_digest(text: str) -> str:
    """A digest that stays when white space is shown as other white space, one code point for one.

    Two texts with the same skeleton have the same words at the same offsets.

    >>> text_digest("AnnotatorPair fell.\u00a0One did not.") == text_digest("AnnotatorPair fell.\\nOne did not.")
    True
    >>> text_digest("a b") == text_digest("a  b")
    False
    """
    return _digest(
        text.replace("\u00a0", " ").encode("utf-8", "surrogatepass").translate(_ASCII_WHITESPACE)
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
