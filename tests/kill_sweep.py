"""Kill local commands at random moments, as often as asked; the tests take a share.

    python -m tests.kill_sweep SEED TRIALS [COMMAND…]

Prints the kills of each command and the trials that ended differently, with exit code 1 where
there are any.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path


def main(seed: int, trials: int, names: list[str]) -> int:
    """Run the trials of each command and print how many kills there were, and what failed."""
    # Every forked command runs this module again, so it imports little at its top.
    from tests.kill_scenarios import SCENARIOS, KillScenario

    failures = 0
    for name in names or SCENARIOS:
        chance, counts = random.Random(f"{seed} {name}"), Counter[str]()
        with tempfile.TemporaryDirectory() as folder:
            scenario = KillScenario(name, Path(folder))
            for _ in range(trials):
                try:
                    counts.update(moment.split()[0] for moment in scenario.run_trial(chance))
                except AssertionError as error:
                    print(f"{name}: {error}")
                    failures += 1
        print(
            f"{name}: {trials} trials, {counts['before']} kills before changes to files"
            f" ({scenario.changes} in a run), {counts['after']} at moments"
            f" ({scenario.seconds:.1f} s), {counts['never']} too late",
            flush=True,
        )
    print(f"{failures} trials ended differently")
    return failures


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]) > 0)
