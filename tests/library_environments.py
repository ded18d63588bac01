"""Virtual environments for libraries that cannot share ours, such as other releases of `datasets`.

Each file of `tests/constraints/` pins one; `make constraints` renews them. They are inside
`.venv`, so that they disappear with it.
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
"""The names of all environments, such as ``datasets-3.0.0``."""


def environment_python(name: str) -> Path:
    """Return the interpreter of an environment, which is created at the first call.

    That takes a minute, or seconds with a package cache.

    Raises:
        FileNotFoundError: `tests/constraints/` has no such file.
        subprocess.CalledProcessError: the package index cannot be reached.
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
    """Keep two test runs from creating the same environment at once."""
    HOME.mkdir(exist_ok=True)
    with (HOME / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
