"""Commands killed or disturbed at any moment and run again end as if nothing had happened."""

from __future__ import annotations

import pytest

from tests.labelstudio.fault_scenarios import KILLED_AT_CHANGE, KILLS, NETWORK_FAULTS, SCENARIOS
from tests.labelstudio.proxied_campaign import ProxiedCampaign
from tests.moments import EVERY_MOMENT, take_sample

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.exhaustive]

SAMPLED = [name for name in SCENARIOS if name != "full-pull" or EVERY_MOMENT]
FAULTS_EACH, CHANGES_EACH = 3, 3


@pytest.mark.parametrize("name", SAMPLED)
def test_disturbed_at_some_moment_and_run_again(name: str, proxied: ProxiedCampaign) -> None:
    scenario = SCENARIOS[name](proxied)
    for kind in list_kinds(name):
        for number in take_sample(range(1, len(scenario.requests) + 1), 1, f"{name} {kind}"):
            scenario.run_disturbed(kind, number)
    assert scenario.changes > 5
    for number in take_sample(range(1, scenario.changes + 1), CHANGES_EACH, name):
        scenario.run_disturbed(KILLED_AT_CHANGE, number)


def list_kinds(name: str) -> list[str]:
    """Return a scenario's kinds of faults: they are dealt in turn, so that each occurs."""
    kinds, place = [*KILLS, *NETWORK_FAULTS], SAMPLED.index(name)
    if EVERY_MOMENT:
        return kinds
    return [kinds[(place * FAULTS_EACH + n) % len(kinds)] for n in range(FAULTS_EACH)]


def test_every_kind_of_fault_is_in_the_sample() -> None:
    dealt = {kind for name in SAMPLED for kind in list_kinds(name)}
    assert dealt == {*KILLS, *NETWORK_FAULTS}
