"""Commands killed or disturbed at any moment and run again end as if nothing had happened."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import product
from typing import TypeVar

import pytest

from tests.labelstudio.fault_scenarios import (
    KILLED_AT_CHANGE,
    KILLS,
    NETWORK_FAULTS,
    SCENARIOS,
    FaultScenario,
)
from tests.labelstudio.proxied_campaign import ProxiedCampaign

pytestmark = [pytest.mark.server, pytest.mark.slow]

# `python -m tests.labelstudio.fault_sweep` takes every moment, with a log.
EVERY = int(os.environ.get("SAYSO_FAULTS_EVERY", "31"))
T = TypeVar("T")


def sample_moments(moments: Iterable[T]) -> list[T]:
    """Return every moment if all are to be run, else a share spread over them."""
    return list(moments)[::-EVERY]


@pytest.fixture(params=[name for name in SCENARIOS if name != "full-pull" or EVERY == 1])
def scenario(request: pytest.FixtureRequest, proxied: ProxiedCampaign) -> FaultScenario:
    """A command after one undisturbed run."""
    return SCENARIOS[request.param](proxied)


def test_killed_at_any_request(scenario: FaultScenario) -> None:
    for number, kind in sample_moments(product(range(1, len(scenario.requests) + 1), KILLS)):
        scenario.run_disturbed(kind, number)


def test_killed_at_any_change_of_a_file(scenario: FaultScenario) -> None:
    for number in range(1, 100, min(EVERY, 5)):
        if scenario.run_disturbed(KILLED_AT_CHANGE, number).code == 0:
            break
    assert number > 5


def test_over_a_bad_network(scenario: FaultScenario) -> None:
    for number, kind in sample_moments(
        product(range(1, len(scenario.requests) + 1), NETWORK_FAULTS)
    ):
        scenario.run_disturbed(kind, number)
