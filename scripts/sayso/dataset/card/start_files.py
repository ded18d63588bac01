"""The card and the citation that a corpus begins with, before its authors change them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from sayso.files import read_text

UNTITLED = "Untitled corpus"
_TITLE = "TITLE"
_LOADS_CONFIG = re.compile(r'\w+ = load_dataset\("\./corpus", "(\w+)"\)')


def render_start_file(name: str, title: str = UNTITLED, configs: Iterable[str] = ()) -> str:
    """Return a file beside this module with a title, which is quoted where the file quotes it.

    Args:
        configs: the configurations that the dataset will have; lines that load others are left out.

    >>> 'title: "A \\\\"b\\\\""' in render_start_file("CITATION.cff", 'A "b"')
    True
    """
    quoted = json.dumps(title, ensure_ascii=False)[1:-1]
    known = set(configs)
    lines = [
        line
        for line in read_text(Path(__file__).with_name(name)).split("\n")
        if not (loaded := _LOADS_CONFIG.match(line)) or loaded[1] in known
    ]
    return "\n".join(line.replace(_TITLE, quoted if '"' in line else title) for line in lines)
