"""Words that attribute what is said to somebody, from a lexicon. English.

Role: ``stance`` of the author (distancing, neutral, factive).

A word that is also a noun counts as a verb only where a subject is before it or its clause behind
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sayso.models import Document
from sayso.suggest.suggesters import Suggester, SuggesterRequest, Suggestion, fill_roles
from sayso.suggest.word_tokens import PhraseIndex, WordToken, is_english, split_into_lines

SURE, DOUBTFUL = 0.85, 0.6  # fixed, and no more than a rank


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split())


# By stance: phrases; words that attribute wherever they are; and words
# that are often something else, a noun or a plain happening.
LEXICON: dict[str, dict[str, tuple[str, ...]]] = {
    "distancing": {
        "phrases": ("so - called", "it is alleged"),
        "sure": _words(
            "claimed claiming alleged alleges allege alleging allegedly reportedly purported "
            "purportedly purports so-called supposedly ostensibly insisted insists insisting "
            "asserted asserts asserting"
        ),
        "doubtful": _words("claim claims insist assert supposed unconfirmed unverified"),
    },
    "neutral": {
        "phrases": ("according to",),
        "sure": _words(
            "said says stating stated told reported indicated indicates suggested reporting "
            "announced announces announcing added explained noted wrote warned estimated "
            "estimates believes believed predicted argued declared quoted"
        ),
        "doubtful": _words(
            "say saying state states tell tells telling report reports indicate indicating "
            "suggest suggests suggesting announce notes warns estimate believe expects expected "
            "argue argues writes adds explains"
        ),
    },
    "factive": {
        "phrases": (),
        "sure": _words(
            "confirmed confirms confirming revealed reveals revealing disclosed discloses "
            "disclosing admitted admits admitting acknowledged acknowledges acknowledging"
        ),
        "doubtful": _words(
            "confirm reveal disclose admit acknowledge detailed details detailing detail "
            "revelation confirmation admission disclosure"
        ),
    },
}
_BEFORE_NOUN = _words(
    "a an the this that these those its his her their our my your no any some several many more "
    "such first new recent previous earlier of in on by for with from united member head "
    "sovereign"
)
_SUBJECTS = _words(
    "he she they it we i who which analysts officials experts authorities reports sources media"
)
_CLAUSE_OPENERS = ('"', ":", "how", "that", "whether", "“")
_AMBIGUOUS_VERBS = _words(
    "added announced believed declared estimated estimates explained indicated noted predicted "
    "quoted reported reporting suggested told warned"
)
_CUE_PHRASES: PhraseIndex[tuple[str, str]] = PhraseIndex(
    (tuple(phrase.split()), (stance, kind))
    for stance, kinds in LEXICON.items()
    for kind, phrases in kinds.items()
    for phrase in phrases
)


def build_suggester(request: SuggesterRequest) -> Suggester:
    """Return the suggester, which needs nothing but its own lexicon."""
    return request.suggester(fill_roles(suggest_cues, request.schema, request.name))


def suggest_cues(document: Document) -> Iterator[Suggestion]:
    """Yield every cue, in order; none in a language other than English."""
    for line in split_into_lines(document.text) if is_english(document) else ():
        words = [word.normalized for word in line]
        for first, last, (stance, kind) in _CUE_PHRASES.find_all(words):
            score = _score(line, first, last, kind)
            if score is not None:
                start, end = line[first].start, line[last - 1].end
                yield Suggestion("", start, end, {"stance": stance}, score)


def _score(line: Sequence[WordToken], first: int, last: int, kind: str) -> float | None:
    before = line[first - 1] if first else None
    after = line[last].normalized if last < len(line) else ""
    if kind == "phrases":
        return SURE
    if kind == "sure":
        is_clear = line[first].normalized not in _AMBIGUOUS_VERBS or after in _CLAUSE_OPENERS
        return SURE if is_clear else DOUBTFUL
    if line[first].is_capitalized and first:
        return None  # part of a name
    is_noun = before and before.normalized in _BEFORE_NOUN and after == "that"
    if after in _CLAUSE_OPENERS and not is_noun:
        return SURE
    return DOUBTFUL if before and before.normalized in _SUBJECTS else None
