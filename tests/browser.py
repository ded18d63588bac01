"""The Chromium of this machine, which Playwright drives; it never downloads its own.

Run as a program, this prints the path, or what to install.
"""

import os
import shutil
import sys
from pathlib import Path

VARIABLES = ("SAYSO_BROWSER", "CHROME")
NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
INSTALL_PATHS = (
    Path("/usr/lib/chromium/chromium"),
    Path("/snap/bin/chromium"),
    Path("/opt/google/chrome/chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
REMEDY = (
    "install Chromium or Chrome (Debian: sudo apt-get install chromium), "
    "or name one: SAYSO_BROWSER=/path/to/chromium"
)


class NoBrowserError(LookupError):
    """Neither Chromium nor Chrome is installed."""


def find_chromium() -> Path:
    """Return the path of the browser.

    Raises:
        NoBrowserError: there is none, or a variable names something that is not a program.
    """
    for variable in VARIABLES:
        if named := os.environ.get(variable):
            return _resolve_named(variable, named)
    found = [path for name in NAMES if (path := shutil.which(name))]
    found += [str(place) for place in INSTALL_PATHS if os.access(place, os.X_OK)]
    if not found:
        raise NoBrowserError(f"browser: neither Chromium nor Chrome is here; {REMEDY}")
    return Path(found[0])


def _resolve_named(variable: str, program: str) -> Path:
    path = shutil.which(program)
    if path is None:
        raise NoBrowserError(f"{variable}: {program} is not a program; {REMEDY}")
    return Path(path)


if __name__ == "__main__":
    try:
        print(find_chromium())
    except NoBrowserError as error:
        sys.exit(str(error))
