"""The dataset's own tokens and sentences of one text, and which spans stand on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from sayso.exchange.readings import Marked, Reading
from sayso.ingest.arrivals import UNDETERMINED
from sayso.spans import Span


@dataclass(frozen=True)
class Grid:
    """Tokens in order; ``sentences`` are pairs of the numbers of their first token and of the one after their last."""

    tokens: tuple[Span, ...]
    sentences: tuple[Span, ...]

    @cached_property
    def starting(self) -> dict[int, int]:
        """The number of the token that starts at an offset."""
        return {token.start: number for number, token in enumerate(self.tokens)}

    @cached_property
    def ending(self) -> dict[int, int]:
        """The number after that of the token that ends at an offset."""
        return {token.end: number for number, token in enumerate(self.tokens, 1)}

    @cached_property
    def sentence_of(self) -> tuple[int, ...]:
        """The number of each token's sentence."""
        return tuple(number for number, (first, after) in enumerate(self.sentences) for _ in range(first, after))

    def place(self, mention: Marked) -> Span | None:
        """The tokens of a mention, as numbers; None where an edge of it parts a token or stands between two."""
        first, after = self.starting.get(mention.start), self.ending.get(mention.end)
        return None if first is None or after is None else Span(first, after)


def grid(reading: Reading) -> Grid:
    """Tokens and sentences of a reading's text, as the dataset's own ``tokens`` have them."""
    return _grid(reading.text, reading.about.get("language", UNDETERMINED))


@lru_cache(maxsize=1)  # a reading is fitted and then written
def _grid(text: str, language: str) -> Grid:
    from sayso.dataset.texts import Texts

    if not text:
        return Grid((), ())
    found = Texts([text], [language])
    tokens = tuple(map(Span, found.token_start.tolist(), found.token_end.tolist()))
    bounds = found.sentence_token.tolist()
    return Grid(tokens, tuple(map(Span, bounds, bounds[1:])))
