"""A campaign on the real Label Studio, as the tests of its room have it."""

from __future__ import annotations

from tests.labelstudio.conftest import campaign

__all__ = ["campaign"]
