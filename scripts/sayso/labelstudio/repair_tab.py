"""The tab in Label Studio of what has to be drawn again: documents with a span that could not be proven.

It is made anew whenever the list changes, and goes when nothing is left to do. Whoever doubles it, a network or a
pull from another checkout, the next pull leaves one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from sayso.labelstudio.client import LabelStudioClient, build_document_filters
from sayso.labelstudio.offsets import DIAGNOSIS_REASONS
from sayso.labelstudio.sync_state import SyncState
from sayso.models import Annotation

TAB_TITLE = "To fix (sayso)"
UNPROVEN_REASONS = {
    DIAGNOSIS_REASONS[diagnosis] for diagnosis in ("dragged", "elsewhere", "outside")
}


def needs_repair(answer: Annotation) -> bool:
    """Whether a span of this answer was kept apart for its offsets."""
    return any(kept.reason in UNPROVEN_REASONS for kept in answer.kept)


def update_repair_tab(
    client: LabelStudioClient, project: int, ledger: SyncState, answers: Iterable[Annotation]
) -> list[str]:
    """Bring the tab in step with the answers; the documents in it, in order. Asks nothing where nothing has changed.

    A write is believed when the next pull finds what it made: it may have arrived twice, or not at all.
    """
    doc_ids = sorted({answer.doc_id for answer in answers if needs_repair(answer)})
    state = hashlib.sha256(json.dumps(doc_ids).encode()).hexdigest()
    if ledger.get("repairs") != state:
        _store_state(ledger, "")  # whoever kills us now makes the next pull look
        if _fix_tab(client, project, doc_ids):
            _store_state(ledger, state)
    return doc_ids


def _store_state(ledger: SyncState, state: str) -> None:
    ledger.put("repairs", state)
    ledger.connection.commit()


def _fix_tab(client: LabelStudioClient, project: int, doc_ids: Sequence[str]) -> bool:
    """Whether the right tab stood there alone; if not, what is wrong is taken away and what is missing made."""
    ours = [view for view in client.list_tabs(project) if view.title == TAB_TITLE]
    right = [view for view in ours if doc_ids and view.filters == build_document_filters(doc_ids)][
        :1
    ]
    wrong = [view for view in ours if view not in right]
    for view in wrong:
        client.delete_tab(view.id)
    missing = bool(doc_ids) and not right
    if missing:
        client.create_tab(project, TAB_TITLE, doc_ids)
    return not (wrong or missing)
