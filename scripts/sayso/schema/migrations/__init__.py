"""What became of the words of an older schema: declared in ``schema/migrations``, applied to records.

``<from>-<to>.yaml`` there says what each label, attribute, value, flag and relation has become; ``<from>.yaml`` is
schema.yaml as it was. With both, an answer given under the older schema is understood for ever.
"""

from __future__ import annotations

from sayso.schema.migrations.corpus_migration import (
    MigrationResult,
    apply_migration,
    migrate_corpus,
    plan_migration,
)
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
    "apply_migration",
    "load_migrations",
    "migrate_corpus",
    "migrate_record",
    "plan_migration",
]
