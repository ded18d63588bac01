"""The dataset's own tokens and sentences of one text, and which spans stand on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from sayso.formats.annotated_documents import AnnotatedDocument, FormatMention
from sayso.ingest.incoming_articles import UNDETERMINED_LANGUAGE
from sayso.spans import Span


@dataclass(frozen=True)
class TokenGrid:
    """Tokens in order; ``sentences`` are pairs of the numbers of their first token and of the one after their last."""

    tokens: tuple[Span, ...]
    sentences: tuple[Span, ...]

    @cached_property
    def token_at_start(self) -> dict[int, int]:
        """The number of the token that starts at an offset."""
        return {token.start: number for number, token in enumerate(self.tokens)}

    @cached_property
    def token_after_end(self) -> dict[int, int]:
        """The number after that of the token that ends at an offset."""
        return {token.end: number for number, token in enumerate(self.tokens, 1)}

    @cached_property
    def sentence_of_token(self) -> tuple[int, ...]:
        """The number of each token's sentence."""
        return tuple(
            number
            for number, (first, after) in enumerate(self.sentences)
            for _ in range(first, after)
        )

    def find_tokens(self, mention: FormatMention) -> Span | None:
        """The tokens of a mention, as numbers; None where an edge of it parts a token or stands between two."""
        first, after = self.token_at_start.get(mention.start), self.token_after_end.get(mention.end)
        return None if first is None or after is None else Span(first, after)


def build_grid(annotated: AnnotatedDocument) -> TokenGrid:
    """Tokens and sentences of a reading's text, as the dataset's own ``tokens`` have them."""
    return _tokenize(annotated.text, annotated.about.get("language", UNDETERMINED_LANGUAGE))


@lru_cache(maxsize=1)  # a reading is fitted and then written
def _tokenize(text: str, language: str) -> TokenGrid:
    from sayso.dataset.tokenization import TokenizedTexts

    if not text:
        return TokenGrid((), ())
    found = TokenizedTexts([text], [language])
    tokens = tuple(map(Span, found.token_start.tolist(), found.token_end.tolist()))
    bounds = found.sentence_token.tolist()
    return TokenGrid(tokens, tuple(map(Span, bounds, bounds[1:])))
