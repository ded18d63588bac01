"""Schemas that have nothing of the repository's own, on a real Label Studio."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.labelstudio.sample_campaign import SampleCampaign, sample_document
from tests.schema.small_schemas import SCHEMAS, write_schema

pytestmark = pytest.mark.server


@pytest.mark.parametrize("name", SCHEMAS)
def test_label_studio_takes_the_interface(name: str, campaign: SampleCampaign) -> None:
    """Without flags there is no choice of flags, which Label Studio would refuse."""
    write_schema(campaign.checkout.root, SCHEMAS[name])
    small = replace(campaign, project_key=replace(campaign.project_key, pass_name="all"))
    small.write_documents(sample_document(1))
    assert small.push().tasks == {"new": 1}
    assert small.push().changes == 0
    assert small.pull()
