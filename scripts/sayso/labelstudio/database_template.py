"""An empty, migrated Label Studio database as plain SQL: a first start takes seconds instead of a minute.

``python -m sayso.labelstudio.database_template`` writes ``database_template.sql`` anew from the installed Label Studio's own migrations.
A database that another version left behind, or another version than the dump's, is migrated at start all the same.
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
from sayso.files import PARTIAL_SUFFIX, convert_os_errors, write_if_changed

DUMP = Path(__file__).with_suffix(".sql")
DATABASE_NAME = "label_studio.sqlite3"
_TIMESTAMP = re.compile(r"'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?'")
_FIXED_TIMESTAMP = (
    "'2000-01-01 00:00:00'"  # when a migration ran says nothing, and would differ with every dump
)


def restore_database(database: Path) -> None:
    """Make an empty database from the dump, whole or not at all; one that exists stays as it is."""
    if database.exists():
        return
    partial = database.with_name(database.name + PARTIAL_SUFFIX)
    with convert_os_errors(database), _explain_sqlite_errors(database):
        database.parent.mkdir(parents=True, exist_ok=True)
        for leftover in database.parent.glob(f"{database.name}{PARTIAL_SUFFIX}*"):
            leftover.unlink()
        with contextlib.closing(sqlite3.connect(partial)) as connection:
            connection.executescript(DUMP.read_text(encoding="utf-8"))
            connection.execute(
                "PRAGMA journal_mode=WAL"
            )  # readers and the writer do not wait for each other
        partial.replace(database)


def check_database(database: Path) -> None:
    """See that the database opens, is one, and can be written.

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
    """Everything in the database as SQL, one statement a line, the same text for the same migrations."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return "".join(
            f"{_TIMESTAMP.sub(_FIXED_TIMESTAMP, line)}\n" for line in connection.iterdump()
        )


def build_migrated_database(folder: Path) -> Path:
    """Run all of Label Studio's migrations in an empty folder; about a minute. Returns the database."""
    quiet = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "DJANGO_DB": "sqlite",
        "SENTRY_DSN": "",
        "SECRET_KEY": "none",
        "COLLECT_ANALYTICS": "False",
        "LATEST_VERSION_CHECK": "False",
    }
    subprocess.run(
        [sys.executable, "-c", "from sayso.labelstudio import wsgi; wsgi.load(); wsgi.migrate()"],
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        env=os.environ | quiet,
    )
    return folder / DATABASE_NAME


@contextlib.contextmanager
def _explain_sqlite_errors(database: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        remedy = f"see that this user may write {database.parent} and that the disk has room"
        raise DiskError(str(error), where=str(database), remedy=remedy) from error
    except sqlite3.DatabaseError as error:
        remedy = "put a copy from a backup in its place, or move it away and run `sayso studio up` for an empty one"
        raise InputError(
            f"the database is damaged: {error}", where=str(database), remedy=remedy
        ) from error


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as empty:
        write_if_changed(DUMP, dump_database(build_migrated_database(Path(empty))).encode())
