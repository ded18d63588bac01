"""The embedded Label Studio as a WSGI application, which gunicorn builds once."""

from __future__ import annotations

import functools
import gc
import hashlib
import logging
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sayso.labelstudio.credentials import Credentials, read_credentials
from sayso.labelstudio.page_guard import ForeignPageGuard


class ServerFaultFilter(logging.Filter):
    """Keeps refused requests out of the log.

    Label Studio writes a traceback for each, and nothing trims the file.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Test whether the server is to blame.

        >>> record = logging.LogRecord("any", logging.ERROR, "", 0, "disk full", (), None)
        >>> ServerFaultFilter().filter(record)
        True
        """
        error = record.exc_info[1] if record.exc_info else None
        if type(error).__name__ in ("Http404", "PermissionDenied"):
            return False
        return bool(getattr(error, "status_code", 500) >= 500)


def load() -> Any:
    """Start Django with Label Studio's settings."""
    import label_studio

    # Its modules import each other from there.
    sys.path.insert(0, str(Path(label_studio.__file__).parent))
    os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings.label_studio"
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    # SQLite refuses at once a transaction that reads first and then writes beside another writer,
    # and Label Studio sleeps and repeats the request (issues 5755, 7170). One that asks to write at
    # its beginning just waits its turn.
    settings.DATABASES["default"]["OPTIONS"].update(timeout=60, transaction_mode="IMMEDIATE")
    # A new connection reads the whole schema: a quarter of the work of a small request.
    settings.DATABASES["default"]["CONN_MAX_AGE"] = None
    settings.LOGGING["loggers"]["django"] = {"level": "ERROR"}
    settings.LOGGING["filters"] = {"own": {"()": ServerFaultFilter}}
    settings.LOGGING["handlers"]["console"]["filters"] = ["own"]
    origins = os.environ.get("SAYSO_STUDIO_PUBLIC_ORIGINS", "").split()
    _protect_sessions(settings, origins)
    loaded = get_wsgi_application()
    _hand_out_tasks_one_at_a_time()
    _parse_interfaces_once()
    return ForeignPageGuard(loaded, origins)


def _protect_sessions(settings: Any, public_origins: list[str]) -> None:
    """Keep pages of other servers, and other servers' cookies, out of people's sessions."""
    from core.middleware import DisableCSRF

    # Ports do not keep cookies apart: two servers of one machine ended each other's sessions.
    server = hashlib.sha256(settings.SECRET_KEY.encode()).hexdigest()[:12]
    settings.SESSION_COOKIE_NAME = f"sayso_session_{server}"
    settings.CSRF_COOKIE_NAME = f"sayso_csrf_{server}"
    settings.CSRF_TRUSTED_ORIGINS = public_origins
    settings.ALLOWED_HOSTS += [urlsplit(each).hostname or "" for each in public_origins]
    settings.X_FRAME_OPTIONS = "SAMEORIGIN"
    settings.MIDDLEWARE.append("django.middleware.clickjacking.XFrameOptionsMiddleware")

    def require_form_token(_self: Any, request: Any, *_args: Any, **_kwargs: Any) -> None:
        request._dont_enforce_csrf_checks = request.path.startswith("/api/")

    # Label Studio's forms carry Django's token, but it lets Django look at two of them only. Its
    # scripts send none to /api/, which `ForeignPageGuard` protects.
    DisableCSRF.process_view = require_form_token


def _hand_out_tasks_one_at_a_time() -> None:
    """Let Label Studio choose and lock the next task in one transaction, on SQLite too."""
    from projects.functions import next_task

    # `get_next_task` opens its transaction with `conditional_atomic(db_is_not_sqlite)`, because
    # "sqlite dbs are locked during any write". It reads which tasks are locked before its write,
    # though: eight annotators at once were given 59 of 200 documents twice. In a transaction that
    # begins IMMEDIATE, the next reader waits. SQLite has no row locks; Django ignores
    # `select_for_update` there (`DatabaseFeatures.has_select_for_update`).
    next_task.db_is_not_sqlite = lambda: True


def _parse_interfaces_once() -> None:
    """Let Label Studio keep what it reads out of a project's interface.

    It parses the interface for every project that it loads from the database: fifteen times while
    it changes one task, which was a sixth of the work.
    """
    from projects import models

    read = functools.lru_cache(maxsize=64)(models.extract_data_types)
    models.extract_data_types = lambda interface: dict(read(interface))


def migrate() -> None:
    """Run the migrations that the database lacks: none after a restore."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", "--no-color", verbosity=0)


def _ensure_lead_account(lead: Credentials) -> None:
    from django.db import transaction
    from organizations.models import Organization
    from rest_framework.authtoken.models import Token
    from users.models import User

    with transaction.atomic():
        users, organizations = User.objects, Organization.objects
        user = users.filter(email=lead.email).first() or users.create_user(email=lead.email)
        if user.auth_token.key != lead.token:  # a new database, or new secrets
            user.set_password(lead.password)
            Token.objects.filter(user=user).update(key=lead.token)
        organization = organizations.first()
        if organization is None:
            organization = Organization.create_organization(created_by=user, title="Sayso")
        organization.add_user(user)
        organization.jwt.legacy_api_tokens_enabled = True  # off by default (issue 7355)
        organization.jwt.save()
        user.is_staff = user.is_superuser = True
        user.active_organization = organization
        user.save()


def application() -> Any:
    """Return the application, after pending migrations and with the lead's login and token."""
    gc.disable()  # importing makes no garbage worth a sixth of the start
    lead = read_credentials(Path(os.environ["SAYSO_STUDIO_SECRETS"]))
    os.environ["SECRET_KEY"] = lead.key
    loaded = load()
    migrate()
    _ensure_lead_account(lead)
    from django.db import connections

    connections.close_all()  # an open SQLite connection must not be carried through a fork
    gc.freeze()  # what is loaded now stays shared between the workers
    gc.enable()
    return loaded
