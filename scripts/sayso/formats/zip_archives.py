"""Zip archives of anybody: members that fit into memory, or an error that says what is wrong."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sayso.errors import InputError
from sayso.files import MAXIMUM_BYTES, convert_os_errors, open_file

_MAXIMUM_RATIO = 200  # XMI is packed to a twentieth of its size
# What zipfile raises for a damaged, encrypted or unknown archive; it has no class of its own.
_WRONG = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, ValueError, EOFError)


class ZipArchive:
    """A zip whose members are read as they are asked for."""

    def __init__(self, path: Path) -> None:
        """Open an archive.

        Raises:
            InputError: it is none, or would unpack to far more than archives of texts do.
        """
        self.path = path
        with self._convert_errors(path):
            self._zip = zipfile.ZipFile(path)  # which closes it
            packed = path.stat().st_size
        members = self._zip.infolist()
        self._sizes = {member.filename: member.file_size for member in members}
        if sum(member.file_size for member in members) > MAXIMUM_BYTES + _MAXIMUM_RATIO * packed:
            what = f"it unpacks to more than {_MAXIMUM_RATIO} times its size"
            raise InputError(what, where=str(path), remedy="unpack it and name the folder")

    @property
    def names(self) -> list[str]:
        """The names of the members, in order."""
        return sorted(self._sizes)

    def read(self, name: str) -> bytes:
        """Return the content of a member.

        Raises:
            InputError: it is damaged, encrypted or too large.
        """
        where = f"{self.path}/{name}"
        # zipfile itself unpacks no more than the size that the archive states.
        if self._sizes[name] > MAXIMUM_BYTES:
            what = f"it unpacks to more than {MAXIMUM_BYTES:,} bytes"
            raise InputError(what, where=where, remedy="unpack it and split the file")
        with self._convert_errors(self.path, where):
            return self._zip.read(name)

    @contextmanager
    def _convert_errors(self, path: Path, where: str = "") -> Iterator[None]:
        try:
            with convert_os_errors(path):
                yield
        except InputError:
            raise  # a ValueError by inheritance
        except _WRONG as error:
            what = f"the zip cannot be read: {error}"
            remedy = "export it anew, without a password, or unpack it and name the folder"
            raise InputError(what[:300], where=where or str(path), remedy=remedy) from error


def is_zip(path: Path) -> bool:
    """Return whether a file looks like a zip."""
    with convert_os_errors(path), open_file(path) as file:
        return zipfile.is_zipfile(file)
