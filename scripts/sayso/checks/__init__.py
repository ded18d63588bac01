"""Named checks of the corpus: each has a severity, a rule and a remedy, and returns findings."""

from __future__ import annotations

from sayso.checks.card_checks import CARD_WORD, STALE_CARD
from sayso.checks.check_registry import CHECKS, Check, Finding, Severity, checks_table
from sayso.checks.corpus_checks import (
    CheckResult,
    check_annotation,
    check_corpus,
    check_gold,
    check_items,
    check_sources,
)

__all__ = [
    "CARD_WORD",
    "CHECKS",
    "STALE_CARD",
    "Check",
    "CheckResult",
    "Finding",
    "Severity",
    "check_annotation",
    "check_corpus",
    "check_gold",
    "check_items",
    "check_sources",
    "checks_table",
]
