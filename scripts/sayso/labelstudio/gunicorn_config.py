"""Settings of gunicorn for the embedded Label Studio; gunicorn reads this file."""

from __future__ import annotations

import os

# Bound before this process began: no other program can take the port meanwhile.
bind = f"fd://{os.environ.get('SAYSO_STUDIO_SOCKET', '')}"
wsgi_app = "sayso.labelstudio.wsgi:application()"
preload_app = True  # the database is made ready once, before anybody is served
workers = 2  # one that is busy with an export does not stop the other
worker_class = "gthread"
threads = 4
timeout = 600  # an import of some hundred megabytes runs inside its request
graceful_timeout = 10
keepalive = 30  # longer than clients keep an idle connection, so that they close it, not we
limit_request_line = 0  # Label Studio's filters travel in the address
accesslog = None
loglevel = "warning"
control_socket_disable = True  # gunicorn 25 and later would open one in the home folder
