"""Names learnt from annotations: what was marked with a learnable label, wherever it recurs.

A name is suggested with the label and the attributes that it mostly had. Its score is how often it
was marked where it occurred in the texts that were learnt from, (marked + 1) / (occurred + 2): one
that is mostly left alone, as *he* is, stays below one half and is not suggested.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial

from sayso.models import AttributeValue, Document
from sayso.schema.declarations import Schema
from sayso.suggest.suggesters import Suggester, SuggesterRequest, Suggestion
from sayso.suggest.training_data import TrainingData
from sayso.suggest.word_tokens import PhraseIndex, split_into_lines, split_words, without_possessive

THRESHOLD = 0.5  # the score below which a name is not suggested

Phrase = tuple[str, ...]


class _NameStatistics:
    """Statistics of one name."""

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
        """The probability that it is marked where it occurs."""
        return round((self.labels[self.label] + 1) / (self.occurrences + 2), 4)

    def majority_attributes(self) -> dict[str, AttributeValue]:
        """Return the values that more than half of its mentions had."""
        found: dict[str, AttributeValue] = {}
        for (label, name), values in self.values.items():
            value, times = max(values.items(), key=lambda item: (item[1], str(item[0])))
            if label == self.label and 2 * times > self.labels[label]:
                found[name] = value
        return found


def build_suggester(request: SuggesterRequest) -> Suggester:
    """Return the suggester with what it learnt.

    Raises:
        InputError: there is nothing to learn from.
    """
    labels = find_learnable_labels(request.schema)
    known, texts = _learn_names(request.training_data, labels)
    phrases = PhraseIndex(
        (phrase, name) for phrase, name in known.items() if name.score >= THRESHOLD
    )
    content = request.training_data.read_content()
    suggest = partial(_suggest_names, phrases)
    return request.suggester(suggest, *content, learnt_from=texts, learns=labels)


def find_learnable_labels(schema: Schema) -> frozenset[str]:
    """Return the labels whose mentions are names that may be learnt."""
    return frozenset(name for name, label in schema.labels.items() if label.learnable)


def _learn_names(
    training_data: TrainingData, labels: frozenset[str]
) -> tuple[dict[Phrase, _NameStatistics], list[str]]:
    known: dict[Phrase, _NameStatistics] = defaultdict(_NameStatistics)
    texts = []
    for document, record in training_data:
        texts.append(document.text_sha256)
        for mention in record.mentions:
            phrase = tuple(without_possessive(word) for word in split_words(mention.text))
            if mention.label in labels and phrase:
                known[phrase].labels[mention.label] += 1
                for name, value in mention.attributes.items():
                    known[phrase].values[mention.label, name][value] += 1
    every = PhraseIndex(known.items())
    for document, _record in training_data:
        for line in split_into_lines(document.text):
            words = [without_possessive(word) for word in line]
            for _first, _last, statistics in every.find_all(words):
                statistics.occurrences += 1
    return known, texts


def _suggest_names(
    phrases: PhraseIndex[_NameStatistics], document: Document
) -> Iterator[Suggestion]:
    for line in split_into_lines(document.text):
        words = [without_possessive(word) for word in line]
        for first, last, name in phrases.find_all(words):
            end = line[last - 1].start + len(words[last - 1])
            yield Suggestion(
                name.label, line[first].start, end, name.majority_attributes(), name.score
            )
