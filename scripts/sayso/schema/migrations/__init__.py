"""Migrations: what became of the names of an older schema, declared in ``schema/migrations`` and
applied to records.

``FROM-TO.yaml`` there maps every label, attribute, value, flag and relation that changed;
``FROM.yaml`` is the older schema.yaml. With both, annotations made under the older schema stay
readable.
"""

from __future__ import annotations

from sayso.schema.migrations.corpus_migration import MigrationResult, migrate_corpus
from sayso.schema.migrations.migration_files import Migrations, load_migrations
from sayso.schema.migrations.record_migration import (
    NameChange,
    RecordMigrationResult,
    migrate_record,
)

__all__ = [
    "MigrationResult",
    "Migrations",
    "NameChange",
    "RecordMigrationResult",
    "load_migrations",
    "migrate_corpus",
    "migrate_record",
]
