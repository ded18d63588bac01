"""Permissions that bind the tests, also where they run as root."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

_VERSION = 0x20080522
_OVERRIDING = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH of capabilities(7)


def obey_permissions() -> None:
    """Give up root's right to read and write everything, in this process for ever.

    Another user could not even read Python where it is installed below root's home.
    """
    if os.geteuid() != 0:
        return
    library = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then their higher halves
    if library.capget(header, sets):
        raise OSError(ctypes.get_errno(), "capget")
    for number in range(3):
        sets[number] &= ~_OVERRIDING
    if library.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")


@contextlib.contextmanager
def forbid(path: Path) -> Iterator[None]:
    """Take all permissions from a file or folder during the block."""
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        yield
    finally:
        path.chmod(mode)
