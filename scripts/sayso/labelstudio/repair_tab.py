"""The tab in Label Studio of documents with a span whose offsets could not be proven.

It is replaced whenever the list changes, and deleted when nothing is left to repair. If it was
created twice, by the network or by a pull from another checkout, the next pull leaves one.
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
UNPROVEN_REASONS = {DIAGNOSIS_REASONS[name] for name in ("dragged", "elsewhere", "outside")}


def needs_repair(annotation: Annotation) -> bool:
    """Test whether a span of this annotation was quarantined for its offsets."""
    return any(kept.reason in UNPROVEN_REASONS for kept in annotation.kept)


def update_repair_tab(
    client: LabelStudioClient, project: int, state: SyncState, annotations: Iterable[Annotation]
) -> list[str]:
    """Bring the tab up to date. Return the ids of its documents, in order.

    Sends no request where the list is that of the last verified update. An update counts as
    verified when the next pull finds its tab: the request may have arrived twice, or not at all.
    """
    doc_ids = sorted({each.doc_id for each in annotations if needs_repair(each)})
    digest = hashlib.sha256(json.dumps(doc_ids).encode()).hexdigest()
    if state.get("repairs") != digest:
        _store_digest(state, "")  # whoever kills us now makes the next pull look
        if _is_up_to_date(client, project, doc_ids):
            _store_digest(state, digest)
    return doc_ids


def _store_digest(state: SyncState, digest: str) -> None:
    state.put("repairs", digest)
    state.connection.commit()


def _is_up_to_date(client: LabelStudioClient, project: int, doc_ids: Sequence[str]) -> bool:
    """Test whether the right tab was there, and only it. If not, replace what was there."""
    filters = build_document_filters(doc_ids)
    tabs = [tab for tab in client.list_tabs(project) if tab.title == TAB_TITLE]
    right = [tab for tab in tabs if doc_ids and tab.filters == filters][:1]
    wrong = [tab for tab in tabs if tab not in right]
    for tab in wrong:
        client.delete_tab(tab.id)
    missing = bool(doc_ids) and not right
    if missing:
        client.create_tab(project, TAB_TITLE, doc_ids)
    return not (wrong or missing)
