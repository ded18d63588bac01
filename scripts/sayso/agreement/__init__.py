"""How far annotators agree: spans, labels, attributes, counts, relations, claims. Pure, but for the files it reads."""

from __future__ import annotations

import sys

from sayso import CallableModule

sys.modules[
    __name__
].__class__ = CallableModule  # so that `sayso.agreement(...)` is the function, too
