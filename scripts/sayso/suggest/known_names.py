"""Names learnt from readings: actors and places that were marked, wherever their words stand again.

A name is suggested with the label and the attributes that it mostly had. Its score is how often it was marked where
its words stood in the texts that were learnt from, (marked + 1) / (stood + 2): one that is mostly left alone, as *he*
is, stays below one half and is not suggested.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sayso.checks.schema_checks import ACTOR, LOCATION
from sayso.models import AttributeValue, Document
from sayso.suggest import word_tokens as spelt
from sayso.suggest.suggesters import Suggester, Suggestion, compute_digest
from sayso.suggest.training_data import TrainingData
from sayso.suggest.word_tokens import PhraseIndex, split_into_lines, split_words, without_possessive

NAME = "names"
LEARNT_LABELS = (ACTOR, LOCATION)
THRESHOLD = 0.5  # the score below which a name is not suggested

Phrase = tuple[str, ...]


class _NameStatistics:
    """What was seen of one name."""

    def __init__(self) -> None:
        self.labels: Counter[str] = Counter()
        self.values: dict[tuple[str, str], Counter[AttributeValue]] = defaultdict(Counter)
        self.occurrences = 0

    @property
    def label(self) -> str:
        """The label that it mostly had; of equals the first in the alphabet."""
        return min(self.labels, key=lambda label: (-self.labels[label], label))

    @property
    def score(self) -> float:
        """How probable it is that it is marked where it stands."""
        return round((self.labels[self.label] + 1) / (self.occurrences + 2), 4)

    def majority_attributes(self) -> dict[str, AttributeValue]:
        """What most mentions of it said; nothing where no value has more than half."""
        found: dict[str, AttributeValue] = {}
        for (label, name), values in self.values.items():
            value, times = max(values.items(), key=lambda item: (item[1], str(item[0])))
            if label == self.label and 2 * times > self.labels[label]:
                found[name] = value
        return found


def build_names_suggester(training_data: TrainingData) -> Suggester:
    """The suggester with what it learnt.

    Raises:
        InputError: there is nothing to learn from.
    """
    known, texts = _learn_names(training_data)
    phrases = PhraseIndex(
        (phrase, name) for phrase, name in known.items() if name.score >= THRESHOLD
    )
    made_with = compute_digest(Path(__file__), Path(spelt.__file__), *training_data.read_content())
    return Suggester(NAME, partial(_suggest_names, phrases), made_with, frozenset(texts))


def _learn_names(training_data: TrainingData) -> tuple[dict[Phrase, _NameStatistics], list[str]]:
    known: dict[Phrase, _NameStatistics] = defaultdict(_NameStatistics)
    texts = []
    for document, reading in training_data:
        texts.append(document.text_sha256)
        for mention in reading.record.mentions:
            phrase = tuple(without_possessive(word) for word in split_words(mention.text))
            if mention.label in LEARNT_LABELS and phrase:
                known[phrase].labels[mention.label] += 1
                for name, value in mention.attributes.items():
                    known[phrase].values[mention.label, name][value] += 1
    every = PhraseIndex((phrase, name) for phrase, name in known.items())
    for document, _reading in training_data:
        for line in split_into_lines(document.text):
            for _first, _last, known_name in every.find_all(
                [without_possessive(word) for word in line]
            ):
                known_name.occurrences += 1
    return known, texts


def _suggest_names(
    phrases: PhraseIndex[_NameStatistics], document: Document
) -> Iterator[Suggestion]:
    for line in split_into_lines(document.text):
        for first, last, name in phrases.find_all([without_possessive(word) for word in line]):
            end = line[last - 1].start + len(without_possessive(line[last - 1]))
            yield Suggestion(
                name.label, line[first].start, end, name.majority_attributes(), name.score
            )
