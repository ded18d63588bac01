"""Named checks of the corpus: each has a severity, a rule and a remedy, and returns findings."""

from __future__ import annotations

from sayso.checks.card_checks import CARD_WORD, STALE_CARD
from sayso.checks.check_registry import CHECKS, Check, Finding, Severity, checks_table
from sayso.checks.copy_checks import check_copies
from sayso.checks.corpus_checks import check_annotation, check_gold, check_sources

__all__ = [
    "CARD_WORD",
    "CHECKS",
    "STALE_CARD",
    "Check",
    "Finding",
    "Severity",
    "check_annotation",
    "check_copies",
    "check_gold",
    "check_sources",
    "checks_table",
]
