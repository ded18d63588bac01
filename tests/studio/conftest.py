"""What the tests of the Label Studio room share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sayso.settings import Instance
from tests.conftest import Studio
from tests.studio import faults
from tests.studio.campaigns import Campaign, begun
from tests.studio.stage import Stage


@pytest.fixture
def campaign(studio: Studio, instance: Instance) -> Iterator[Campaign]:
    """A campaign of its own with an empty corpus."""
    with begun(studio, instance) as made:
        yield made


@pytest.fixture
def stage(campaign: Campaign) -> Iterator[Stage]:
    """That campaign, behind a proxy that can do harm."""
    with faults.proxy(campaign.studio.url) as server:
        yield Stage(campaign, server)
