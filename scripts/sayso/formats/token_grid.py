"""The dataset's own tokens and sentences of one text, and the spans that they cover."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from sayso.formats.annotated_documents import AnnotatedDocument, FormatMention
from sayso.ingest.incoming_articles import UNDETERMINED_LANGUAGE
from sayso.spans import Span


@dataclass(frozen=True)
class TokenGrid:
    """Tokens as spans of the text, and sentences as spans of token numbers, both in order."""

    tokens: tuple[Span, ...]
    sentences: tuple[Span, ...]

    @cached_property
    def _token_at_start(self) -> dict[int, int]:
        return {token.start: number for number, token in enumerate(self.tokens)}

    @cached_property
    def _token_after_end(self) -> dict[int, int]:
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
        """Return the token numbers of a mention; None if an edge of it is not that of a token."""
        first = self._token_at_start.get(mention.start)
        after = self._token_after_end.get(mention.end)
        return None if first is None or after is None else Span(first, after)


def build_grid(annotated: AnnotatedDocument) -> TokenGrid:
    """Tokenize a text as the dataset's own ``tokens`` have it."""
    return _tokenize(annotated.text, annotated.about.get("language", UNDETERMINED_LANGUAGE))


@lru_cache(maxsize=1)  # a document is fitted and then written
def _tokenize(text: str, language: str) -> TokenGrid:
    from sayso.dataset.tokenization import TokenizedTexts

    if not text:
        return TokenGrid((), ())
    found = TokenizedTexts([text], [language])
    tokens = tuple(map(Span, found.token_start.tolist(), found.token_end.tolist()))
    bounds = found.sentence_token.tolist()
    return TokenGrid(tokens, tuple(map(Span, bounds, bounds[1:])))
