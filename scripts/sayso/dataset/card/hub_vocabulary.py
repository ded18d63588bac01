"""The values that the Hub accepts in the head of a card, from its documentation.

The Hub's own validator runs on its server only, and refuses a card with any other value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HUB_LICENSES = _words("""
    apache-2.0 bsd-3-clause cc cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0
    cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0
    cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 etalab-2.0 gfdl mit odbl odc-by ogl-uk-3.0 pddl
""")
"""Licences of data and texts that the Hub knows by name: SPDX identifiers in lower case."""

# The other keys with a closed list are computed: see yaml_header.
HUB_VALUES: Mapping[str, frozenset[str]] = {
    "annotations_creators": _words(
        "found crowdsourced expert-generated machine-generated no-annotation other"
    ),
    "language_creators": _words("found crowdsourced expert-generated machine-generated other"),
    "task_categories": _words("""
        fill-mask question-answering sentence-similarity summarization table-question-answering
        text-classification text-generation text-ranking text-retrieval token-classification
        translation zero-shot-classification feature-extraction other
    """),
    "task_ids": _words("""
        acceptability-classification closed-domain-qa coreference-resolution document-retrieval
        entity-linking-classification entity-linking-retrieval extractive-qa fact-checking
        fact-checking-retrieval hate-speech-detection intent-classification language-identification
        language-modeling lemmatization multi-class-classification multi-label-classification
        named-entity-recognition natural-language-inference news-articles-headline-generation
        news-articles-summarization open-domain-qa parsing part-of-speech
        semantic-similarity-classification sentiment-analysis sentiment-classification
        sentiment-scoring topic-classification utterance-retrieval word-sense-disambiguation
    """),
}
_HUB_PATTERNS = {
    "language": re.compile(r"[a-z]{2,3}|code|multilingual"),
    "source_datasets": re.compile(r"original|extended(\|.+)?"),
    "tags": re.compile(r"[^\s:]{1,80}"),
    "license_name": re.compile(r"[a-z0-9.-]+"),
}


def find_unknown_values(head: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield key and value, or key and reason, for everything that the Hub would refuse.

    >>> head = {"license": "mit", "task_ids": ["parsing", "relation-extraction"], "tags": [": "]}
    >>> list(find_unknown_values(head))
    [('tags', "': '"), ('task_ids', "'relation-extraction'")]
    """
    for key in sorted(head):
        for value in head[key] if isinstance(head[key], list) else [head[key]]:
            pattern = _HUB_PATTERNS.get(key)
            is_unlisted = key in HUB_VALUES and value not in HUB_VALUES[key]
            if is_unlisted or (pattern and not pattern.fullmatch(str(value))):
                yield key, repr(value)
    if head.get("license") == "other":
        for key in ("license_name", "license_link"):
            if not head.get(key):
                yield key, "missing, and the licence is 'other'"
    elif head.get("license") not in HUB_LICENSES:
        yield "license", repr(head.get("license"))
