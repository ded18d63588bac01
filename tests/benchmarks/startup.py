"""How long the first help screen takes, against an interpreter that does nothing.

python tests/benchmarks/starting.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 10


def median_seconds(*words: str) -> float:
    """Median seconds of a whole process."""
    taken = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, capture_output=True)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def main() -> None:
    """Print the figures."""
    bare = median_seconds("-c", "pass")
    print(f"first help screen, whole process, median of {RUNS} (seconds)")
    for words in (["--help"], ["push", "--help"], ["build", "--help"]):
        taken = median_seconds("-m", "sayso", *words)
        print(
            f"  sayso {' '.join(words):14} {taken:.3f}   / a bare interpreter ({bare:.3f}) = {taken / bare:.1f}"
        )


if __name__ == "__main__":
    main()
