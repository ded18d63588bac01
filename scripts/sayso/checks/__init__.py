"""Named checks: each has a severity and a line on what holds; what does not hold comes back as findings."""

from __future__ import annotations

from sayso.checks.card import CARD_WORD, STALE_CARD
from sayso.checks.corpus import annotation_findings, corpus_findings, gold_findings
from sayso.checks.findings import CHECKS, Check, Finding, Severity

__all__ = [
    "CARD_WORD", "CHECKS", "STALE_CARD", "Check", "Finding", "Severity", "annotation_findings", "corpus_findings",
    "gold_findings",
]  # fmt: skip
