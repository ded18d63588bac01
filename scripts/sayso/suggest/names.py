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

from sayso.checks.scheme import ACTOR, LOCATION
from sayso.records import Document, Value
from sayso.suggest import words as spelt
from sayso.suggest.learning import Lessons
from sayso.suggest.suggesters import Suggested, Suggester, digest
from sayso.suggest.words import Phrases, bare, lines, words

NAME = "names"
LEARNT = (ACTOR, LOCATION)
LEAST = 0.5  # the score below which a name is not suggested

Phrase = tuple[str, ...]


class _Name:
    """What was seen of one name."""

    def __init__(self) -> None:
        self.labels: Counter[str] = Counter()
        self.values: dict[tuple[str, str], Counter[Value]] = defaultdict(Counter)
        self.stood = 0

    @property
    def label(self) -> str:
        """The label that it mostly had; of equals the first in the alphabet."""
        return min(self.labels, key=lambda label: (-self.labels[label], label))

    @property
    def score(self) -> float:
        """How probable it is that it is marked where it stands."""
        return round((self.labels[self.label] + 1) / (self.stood + 2), 4)

    def attributes(self) -> dict[str, Value]:
        """What most mentions of it said; nothing where no value has more than half."""
        found: dict[str, Value] = {}
        for (label, name), values in self.values.items():
            value, times = max(values.items(), key=lambda item: (item[1], str(item[0])))
            if label == self.label and 2 * times > self.labels[label]:
                found[name] = value
        return found


def suggester(lessons: Lessons) -> Suggester:
    """The suggester with what it learnt.

    Raises:
        InputError: there is nothing to learn from.
    """
    known, texts = _learnt(lessons)
    phrases = Phrases((phrase, name) for phrase, name in known.items() if name.score >= LEAST)
    made_with = digest(Path(__file__), Path(spelt.__file__), *lessons.content())
    return Suggester(NAME, partial(_suggest, phrases), made_with, frozenset(texts))


def _learnt(lessons: Lessons) -> tuple[dict[Phrase, _Name], list[str]]:
    known: dict[Phrase, _Name] = defaultdict(_Name)
    texts = []
    for document, reading in lessons:
        texts.append(document.text_sha256)
        for mention in reading.record.mentions:
            phrase = tuple(bare(word) for word in words(mention.text))
            if mention.label in LEARNT and phrase:
                known[phrase].labels[mention.label] += 1
                for name, value in mention.attributes.items():
                    known[phrase].values[mention.label, name][value] += 1
    every = Phrases((phrase, name) for phrase, name in known.items())
    for document, _reading in lessons:
        for line in lines(document.text):
            for _first, _last, known_name in every.found([bare(word) for word in line]):
                known_name.stood += 1
    return known, texts


def _suggest(phrases: Phrases[_Name], document: Document) -> Iterator[Suggested]:
    for line in lines(document.text):
        for first, last, name in phrases.found([bare(word) for word in line]):
            end = line[last - 1].start + len(bare(line[last - 1]))
            yield Suggested(name.label, line[first].start, end, name.attributes(), name.score)
