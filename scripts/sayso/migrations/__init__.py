"""What became of the words of an older schema: declared in ``schema/migrations``, applied to records.

``<from>-<to>.yaml`` there says what each label, attribute, value, flag and relation has become; ``<from>.yaml`` is
schema.yaml as it was. With both, an answer given under the older schema is understood for ever.
"""

from __future__ import annotations

from sayso.migrations.applying import Report, apply, migrate, plan
from sayso.migrations.declared import Migrations, load
from sayso.migrations.moving import Change, Moved, moved

__all__ = ["Change", "Migrations", "Moved", "Report", "apply", "load", "migrate", "moved", "plan"]
