"""Fixtures of the tests against a Label Studio server."""

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
    """A campaign with a project and an empty corpus of its own."""
    with open_campaign(labelstudio, checkout) as opened:
        yield opened


@pytest.fixture
def proxied(campaign: SampleCampaign) -> Iterator[ProxiedCampaign]:
    """The campaign behind a proxy that can harm requests."""
    with faults.run_proxy(campaign.labelstudio.url) as server:
        yield ProxiedCampaign(campaign, server)
