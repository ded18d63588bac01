"""What the tests of the Label Studio room share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sayso.settings import Instance
from tests.conftest import Studio
from tests.studio.campaigns import Campaign, begun


@pytest.fixture
def campaign(studio: Studio, instance: Instance) -> Iterator[Campaign]:
    """A campaign of its own with an empty corpus."""
    with begun(studio, instance) as made:
        yield made
