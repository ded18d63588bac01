"""Time the first help screen and `import sayso` against an interpreter that does nothing.

python tests/benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 10
PROGRAMS = {
    "sayso --help": ("-m", "sayso", "--help"),
    "sayso push --help": ("-m", "sayso", "push", "--help"),
    "sayso build --help": ("-m", "sayso", "build", "--help"),
    "import sayso": ("-c", "import sayso"),
    "sayso.open": ("-c", "import sayso; sayso.open"),
}


def median_seconds(*words: str) -> float:
    """Return the median duration of a whole process."""
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main() -> None:
    """Print the figures."""
    bare = median_seconds("-c", "pass")
    print(f"whole process, median of {RUNS} (seconds)")
    for name, words in PROGRAMS.items():
        taken = median_seconds(*words)
        print(f"  {name:20} {taken:.3f}   / a bare interpreter ({bare:.3f}) = {taken / bare:.1f}")


if __name__ == "__main__":
    main()
