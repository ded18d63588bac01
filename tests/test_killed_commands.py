"""Local commands that are killed at random moments and run again end as if nothing had happened."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.kill_scenarios import SCENARIOS, KillScenario

pytestmark = pytest.mark.slow

TRIALS = 2  # of each command; `python -m tests.kill_sweep` runs as many as you like


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_random_moments_and_run_again(name: str, tmp_path: Path) -> None:
    chance, scenario = random.Random(name), KillScenario(name, tmp_path)
    for _ in range(TRIALS):
        scenario.run_trial(chance)


def test_a_release_that_was_filled_half_way_is_completed(tmp_path: Path) -> None:
    """Whichever of its files were filled."""
    scenario = KillScenario("hydrate", tmp_path)
    for change in range(scenario.changes // 3, scenario.changes, 8):
        scenario.run_killed_before(change)
