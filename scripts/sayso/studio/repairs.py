"""The tab in Label Studio of what has to be drawn again: documents with a span that could not be proven.

It is made anew whenever the list changes, and goes when nothing is left to do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from sayso.records import Annotation
from sayso.studio.client import Client
from sayso.studio.doctor import REASONS
from sayso.studio.ledger import Ledger

TITLE = "To fix (sayso)"
QUARANTINED = {REASONS[diagnosis] for diagnosis in ("dragged", "elsewhere", "outside")}


def needs_repair(answer: Annotation) -> bool:
    """Whether a span of this answer was kept apart for its offsets."""
    return any(kept.reason in QUARANTINED for kept in answer.kept)


def show(client: Client, project: int, ledger: Ledger, answers: Iterable[Annotation]) -> list[str]:
    """Bring the tab in step with the answers; the documents in it, in order. Asks nothing where nothing has changed."""
    doc_ids = sorted({answer.doc_id for answer in answers if needs_repair(answer)})
    state = hashlib.sha256(json.dumps(doc_ids).encode()).hexdigest() if doc_ids else ""
    if ledger.get("repairs") != state:
        _replace(client, project, doc_ids)
        ledger.put("repairs", state)
        ledger.connection.commit()
    return doc_ids


def _replace(client: Client, project: int, doc_ids: Sequence[str]) -> None:
    for view in client.views(project):
        if view.data.get("title") == TITLE:
            client.delete_view(view.id)
    if doc_ids:
        client.create_view(project, TITLE, doc_ids)
