"""Agreement of annotators on spans, attributes, relations and claims, and their disagreements."""

from __future__ import annotations

import sys

from sayso import CallableModule

sys.modules[
    __name__
].__class__ = CallableModule  # so that `sayso.agreement(...)` is the function, too
