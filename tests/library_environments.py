"""Environments of their own for libraries that cannot share ours: other versions of `datasets`, large readers.

Each file in `tests/constraints/` is one, every version pinned, made by `make constraints`;
its name says what it is about. They live in `.venv`, so that they go when it goes.
"""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parent.parent
PINNED = ROOT / "tests" / "constraints"
HOME = Path(sys.prefix) / "environments"

NAMES = sorted(pinned.stem for pinned in PINNED.glob("*.txt"))
"""What there is, by name: datasets-3.0.0 and so on. For `pytest.mark.parametrize`."""


def environment_python(name: str) -> Path:
    """The interpreter of one environment, which is made unless it is there whole.

    A minute without a package cache, seconds with one, nothing the second time.

    Raises:
        FileNotFoundError: `tests/constraints/` has no such file.
        subprocess.CalledProcessError: the package index cannot be reached; uv has said so on stderr.
    """
    pinned = PINNED / f"{name}.txt"
    wanted = sha256(pinned.read_bytes()).hexdigest()
    place = HOME / name
    done = place / "installed"
    with _environment_lock(name):
        if not done.exists() or done.read_text() != wanted:
            _create_environment(place, pinned)
            done.write_text(wanted)
    return place / "bin" / "python"


def _create_environment(place: Path, pinned: Path) -> None:
    _uv("venv", "--clear", "--python", sys.executable, place)
    _uv("pip", "sync", "--python", place, pinned)


def _uv(*words: str | Path) -> None:
    subprocess.run([sys.executable, ROOT / ".ci" / "uv.py", *words, "--quiet"], check=True)


@contextmanager
def _environment_lock(name: str) -> Iterator[None]:
    """Two test runs do not make the same environment at once."""
    HOME.mkdir(exist_ok=True)
    with (HOME / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
