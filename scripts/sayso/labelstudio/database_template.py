"""An empty, migrated Label Studio database as SQL: a first start takes 4 seconds instead of 57.

``python -m sayso.labelstudio.database_template`` writes ``database_template.sql`` anew from the
migrations of the installed Label Studio. A database of any other release is migrated at start.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sayso.errors import DiskError, InputError
from sayso.files import (
    PARTIAL_SUFFIX,
    convert_os_errors,
    exists,
    list_files,
    make_folder,
    read_text,
    write_if_changed,
)

DUMP = Path(__file__).with_suffix(".sql")
DATABASE_NAME = "label_studio.sqlite3"
_TIMESTAMP = re.compile(r"'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?'")


def restore_database(database: Path) -> None:
    """Make an empty database, whole or not at all. An existing one stays as it is."""
    if exists(database):
        return
    partial = database.with_name(database.name + PARTIAL_SUFFIX)
    with convert_os_errors(database), _explain_sqlite_errors(database):
        make_folder(database.parent)
        for leftover in list_files(database.parent, f"{database.name}{PARTIAL_SUFFIX}*"):
            leftover.unlink()
        with contextlib.closing(sqlite3.connect(partial)) as connection:
            connection.executescript(read_text(DUMP))
            # Readers and the writer do not wait for each other.
            connection.execute("PRAGMA journal_mode=WAL")
        partial.replace(database)


def check_database(database: Path) -> None:
    """Require that the database opens, is one, and can be written.

    Raises:
        DiskError: it cannot be opened or written.
        InputError: it is not a database, or a damaged one.
    """
    with (
        _explain_sqlite_errors(database),
        contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection,
    ):
        connection.execute("SELECT count(*) FROM sqlite_master")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def dump_database(database: Path) -> str:
    """Return the database as SQL, one statement a line, the same text for the same migrations."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        # The times at which migrations ran would differ with every dump.
        lines = (_TIMESTAMP.sub("'2000-01-01 00:00:00'", line) for line in connection.iterdump())
        return "".join(f"{line}\n" for line in lines)


def build_migrated_database(folder: Path) -> Path:
    """Run all migrations of Label Studio in an empty folder (a minute). Return the database."""
    environment = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "DJANGO_DB": "sqlite",
        "SENTRY_DSN": "",
        "SECRET_KEY": "none",
        "COLLECT_ANALYTICS": "False",
        "LATEST_VERSION_CHECK": "False",
    }
    code = "from sayso.labelstudio import wsgi; wsgi.load(); wsgi.migrate()"
    command, quiet = [sys.executable, "-c", code], subprocess.DEVNULL
    environment = os.environ | environment
    subprocess.run(command, check=True, cwd=folder, stdout=quiet, env=environment)  # noqa: S603
    return folder / DATABASE_NAME


@contextlib.contextmanager
def _explain_sqlite_errors(database: Path) -> Iterator[None]:
    where = str(database)
    try:
        yield
    except sqlite3.OperationalError as error:
        remedy = f"check that this user may write {database.parent} and that the disk has room"
        raise DiskError(str(error), where=where, remedy=remedy) from error
    except sqlite3.DatabaseError as error:
        remedy = "restore it from a backup, or move it away and run `sayso studio up` for a new one"
        raise InputError(f"the database is damaged: {error}", where=where, remedy=remedy) from error


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as empty:
        write_if_changed(DUMP, dump_database(build_migrated_database(Path(empty))).encode())
