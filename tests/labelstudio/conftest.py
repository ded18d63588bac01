"""What the tests of the Label Studio room share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sayso.settings import Checkout
from tests.conftest import LabelStudioServer
from tests.labelstudio import faults
from tests.labelstudio.proxied_campaign import ProxiedCampaign
from tests.labelstudio.sample_campaign import SampleCampaign, open_campaign


@pytest.fixture
def campaign(labelstudio: LabelStudioServer, checkout: Checkout) -> Iterator[SampleCampaign]:
    """A campaign of its own with an empty corpus."""
    with open_campaign(labelstudio, checkout) as made:
        yield made


@pytest.fixture
def stage(campaign: SampleCampaign) -> Iterator[ProxiedCampaign]:
    """That campaign, behind a proxy that can do harm."""
    with faults.run_proxy(campaign.labelstudio.url) as server:
        yield ProxiedCampaign(campaign, server)
