"""Words that attribute a claim, with their stance: ``Cue`` mentions from the lexicon of the guidelines. English.

A word that is also a noun counts as a verb only where a subject stands before it or its clause behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sayso.checks.schema_checks import CUE_LABEL, STANCE
from sayso.models import Document
from sayso.suggest import word_tokens
from sayso.suggest.suggesters import Suggester, Suggestion, compute_digest
from sayso.suggest.word_tokens import PhraseIndex, WordToken, split_into_lines

NAME = "cues"
LANGUAGE = "en"
SURE, DOUBTFUL = 0.85, 0.6  # fixed, and no more than a rank

# By the schema's value of ``stance``: phrases; words that attribute wherever they stand; and words that are often
# something else, a noun or a plain happening.
LEXICON: dict[str, dict[str, tuple[str, ...]]] = {
    "distancing": {
        "phrases": ("so - called", "it is alleged"),
        "sure": (
            "claimed",
            "claiming",
            "alleged",
            "alleges",
            "allege",
            "alleging",
            "allegedly",
            "reportedly",
            "purported",
            "purportedly",
            "purports",
            "so-called",
            "supposedly",
            "ostensibly",
            "insisted",
            "insists",
            "insisting",
            "asserted",
            "asserts",
            "asserting",
        ),
        "doubtful": (
            "claim",
            "claims",
            "insist",
            "assert",
            "supposed",
            "unconfirmed",
            "unverified",
        ),
    },
    "neutral": {
        "phrases": ("according to",),
        "sure": (
            "said",
            "says",
            "stating",
            "stated",
            "told",
            "reported",
            "indicated",
            "indicates",
            "suggested",
            "reporting",
            "announced",
            "announces",
            "announcing",
            "added",
            "explained",
            "noted",
            "wrote",
            "warned",
            "estimated",
            "estimates",
            "believes",
            "believed",
            "predicted",
            "argued",
            "declared",
            "quoted",
        ),
        "doubtful": (
            "say",
            "saying",
            "state",
            "states",
            "tell",
            "tells",
            "telling",
            "report",
            "reports",
            "indicate",
            "indicating",
            "suggest",
            "suggests",
            "suggesting",
            "announce",
            "notes",
            "warns",
            "estimate",
            "believe",
            "expects",
            "expected",
            "argue",
            "argues",
            "writes",
            "adds",
            "explains",
        ),
    },
    "factive": {
        "phrases": (),
        "sure": (
            "confirmed",
            "confirms",
            "confirming",
            "revealed",
            "reveals",
            "revealing",
            "disclosed",
            "discloses",
            "disclosing",
            "admitted",
            "admits",
            "admitting",
            "acknowledged",
            "acknowledges",
            "acknowledging",
        ),
        "doubtful": (
            "confirm",
            "reveal",
            "disclose",
            "admit",
            "acknowledge",
            "detailed",
            "details",
            "detailing",
            "detail",
            "revelation",
            "confirmation",
            "admission",
            "disclosure",
        ),
    },
}

_BEFORE_NOUN = frozenset(
    {
        "a",
        "an",
        "the",
        "this",
        "that",
        "these",
        "those",
        "its",
        "his",
        "her",
        "their",
        "our",
        "my",
        "your",
        "no",
        "any",
        "some",
        "several",
        "many",
        "more",
        "such",
        "first",
        "new",
        "recent",
        "previous",
        "earlier",
        "of",
        "in",
        "on",
        "by",
        "for",
        "with",
        "from",
        "united",
        "member",
        "head",
        "sovereign",
    }
)
_SUBJECTS = frozenset(
    {
        "he",
        "she",
        "they",
        "it",
        "we",
        "i",
        "who",
        "which",
        "analysts",
        "officials",
        "experts",
        "authorities",
        "reports",
        "sources",
        "media",
    }
)
_CLAUSE_OPENERS = frozenset({'"', ":", "how", "that", "whether", "“"})
_AMBIGUOUS_VERBS = frozenset(
    {
        "added",
        "announced",
        "believed",
        "declared",
        "estimated",
        "estimates",
        "explained",
        "indicated",
        "noted",
        "predicted",
        "quoted",
        "reported",
        "reporting",
        "suggested",
        "told",
        "warned",
    }
)

_CUE_PHRASES: PhraseIndex[tuple[str, str]] = PhraseIndex(
    (tuple(phrase.split()), (stance, kind))
    for stance, kinds in LEXICON.items()
    for kind, phrases in kinds.items()
    for phrase in phrases
)


def build_cues_suggester() -> Suggester:
    """The suggester, which needs nothing but its own lexicon."""
    return Suggester(NAME, suggest_cues, compute_digest(Path(__file__), Path(word_tokens.__file__)))


def suggest_cues(document: Document) -> Iterator[Suggestion]:
    """Every cue, in order; none in a language other than English."""
    if document.language.partition("-")[0].lower() != LANGUAGE:
        return
    for line in split_into_lines(document.text):
        for first, last, (stance, kind) in _CUE_PHRASES.find_all(
            [word.normalized for word in line]
        ):
            score = _score(line, first, last, kind)
            if score is not None:
                yield Suggestion(
                    CUE_LABEL, line[first].start, line[last - 1].end, {STANCE: stance}, score
                )


def _score(line: Sequence[WordToken], first: int, last: int, kind: str) -> float | None:
    before = line[first - 1] if first else None
    after = line[last].normalized if last < len(line) else ""
    if kind == "phrases":
        return SURE
    if kind == "sure":
        return (
            SURE
            if line[first].normalized not in _AMBIGUOUS_VERBS or after in _CLAUSE_OPENERS
            else DOUBTFUL
        )
    if line[first].is_capitalized and first:
        return None  # part of a name
    if after in _CLAUSE_OPENERS and not (
        before and before.normalized in _BEFORE_NOUN and after == "that"
    ):
        return SURE
    return DOUBTFUL if before and before.normalized in _SUBJECTS else None
