"""The card and the citation that a corpus begins with, before its authors change them."""

from __future__ import annotations

import json
from pathlib import Path

from sayso.files import read_text

UNTITLED = "Untitled corpus"
_TITLE = "TITLE"


def render_start_file(name: str, title: str = UNTITLED) -> str:
    """Return a file beside this module with a title, which is quoted where the file quotes it.

    >>> 'title: "A \\\\"b\\\\""' in render_start_file("CITATION.cff", 'A "b"')
    True
    """
    quoted = json.dumps(title, ensure_ascii=False)[1:-1]
    lines = read_text(Path(__file__).with_name(name)).split("\n")
    return "\n".join(line.replace(_TITLE, quoted if '"' in line else title) for line in lines)
