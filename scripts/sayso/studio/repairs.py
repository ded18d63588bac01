"""The tab in Label Studio of what has to be drawn again: documents with a span that could not be proven.

It is made anew whenever the list changes, and goes when nothing is left to do. Whoever doubles it, a network or a
pull from another checkout, the next pull leaves one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from sayso.records import Annotation
from sayso.studio.client import Client, of_documents
from sayso.studio.doctor import REASONS
from sayso.studio.ledger import Ledger

TITLE = "To fix (sayso)"
QUARANTINED = {REASONS[diagnosis] for diagnosis in ("dragged", "elsewhere", "outside")}


def needs_repair(answer: Annotation) -> bool:
    """Whether a span of this answer was kept apart for its offsets."""
    return any(kept.reason in QUARANTINED for kept in answer.kept)


def show(client: Client, project: int, ledger: Ledger, answers: Iterable[Annotation]) -> list[str]:
    """Bring the tab in step with the answers; the documents in it, in order. Asks nothing where nothing has changed.

    A write is believed when the next pull finds what it made: it may have arrived twice, or not at all.
    """
    doc_ids = sorted({answer.doc_id for answer in answers if needs_repair(answer)})
    state = hashlib.sha256(json.dumps(doc_ids).encode()).hexdigest()
    if ledger.get("repairs") != state:
        _remember(ledger, "")  # whoever kills us now makes the next pull look
        if _stood(client, project, doc_ids):
            _remember(ledger, state)
    return doc_ids


def _remember(ledger: Ledger, state: str) -> None:
    ledger.put("repairs", state)
    ledger.connection.commit()


def _stood(client: Client, project: int, doc_ids: Sequence[str]) -> bool:
    """Whether the right tab stood there alone; if not, what is wrong is taken away and what is missing made."""
    ours = [view for view in client.views(project) if view.title == TITLE]
    right = [view for view in ours if doc_ids and view.filters == of_documents(doc_ids)][:1]
    wrong = [view for view in ours if view not in right]
    for view in wrong:
        client.delete_view(view.id)
    missing = bool(doc_ids) and not right
    if missing:
        client.create_view(project, TITLE, doc_ids)
    return not (wrong or missing)
