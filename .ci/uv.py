"""Run uv with pip's settings about package indexes.

uv reads its own configuration only, and a machine whose pip knows a mirror, a certificate or a
folder of wheels should not be configured twice. uv's own environment variables take precedence.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

OURS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "no-index": "UV_NO_INDEX",
}
STRONGEST_LAST = ("global", "install", ":env:")


def pip_settings(listing: str) -> dict[str, str]:
    """Parse the output of `pip config list`; the environment takes precedence over files.

    >>> pip_settings("global.timeout='9'\\n:env:.cert='/mine'\\nglobal.cert='/theirs'")
    {'timeout': '9', 'cert': '/mine'}
    """
    settings: dict[str, str] = {}
    lines = [line.partition("=") for line in listing.splitlines() if "=" in line]
    for section in STRONGEST_LAST:
        for name, _, value in lines:
            if name.rpartition(".")[0] == section:
                settings[name.rpartition(".")[2]] = ast.literal_eval(value)
    return settings


def uv_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return pip's settings as environment variables of uv.

    >>> uv_environment({"find-links": "/one /two", "timeout": "9"})
    {'UV_FIND_LINKS': '/one,/two'}
    """
    told = {OURS[option]: value for option, value in settings.items() if option in OURS}
    if "UV_FIND_LINKS" in told:
        told["UV_FIND_LINKS"] = ",".join(told["UV_FIND_LINKS"].split())
    if "UV_INDEX" in told:
        told["UV_INDEX"] = " ".join(told["UV_INDEX"].split())
        told["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # pip looks into every index, too
    return told


def main() -> None:
    beside = Path(sys.executable).parent
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    environment = (
        uv_environment(pip_settings(listing)) | {"VIRTUAL_ENV": str(beside.parent)} | os.environ
    )
    os.execve(beside / "uv", ["uv", *sys.argv[1:]], environment)  # noqa: S606


if __name__ == "__main__":
    main()
