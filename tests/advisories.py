"""Ask a public database for advisories about every pinned version.

    python -m tests.advisories [--warn]

pip-audit asks OSV, or the database that `PIP_AUDIT_OSV_URL` names. Where none can be reached, the
answer is "not checked". SECURITY.md lists the advisories that were considered and accepted; any
other is new and fails the command. With ``--warn`` it is only printed: a build that worked
yesterday must not break because of what somebody publishes today.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tests.library_environments import PINNED, ROOT, environment_python

PINNED_FILES = [ROOT / "constraints.txt", *sorted(PINNED.glob("*.txt"))]
CONSIDERED = ROOT / "SECURITY.md"
TOOL = "pip-audit-2.10.1"
SECONDS_FOR_A_RESPONSE = 10
SECONDS_IN_ALL = 300
_PIN = re.compile(r"^([\w.-]+==[^\s;]+)", re.MULTILINE)
_ACCEPTED_ROW = re.compile(r"^\| `([\w.-]+==\S+)` \| (\S+) \| .*\w.* \|$", re.MULTILINE)


class NotCheckedError(Exception):
    """No database told about the pinned versions; says why."""


class Advisory(NamedTuple):
    """An advisory about one pinned version, by all its names."""

    pin: str
    ids: frozenset[str]
    fixed_in: str

    def __str__(self) -> str:
        text = f"{self.pin}: {' '.join(sorted(self.ids))}, fixed in {self.fixed_in or 'no version'}"
        return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def read_pins(files: Iterable[Path]) -> list[str]:
    """Return every ``name==version`` of the files, on whatever Python or system it is for."""
    return sorted({pin for file in files for pin in _PIN.findall(file.read_text("utf-8"))})


def read_accepted() -> set[tuple[str, str]]:
    """Return pin and advisory of each row of the table of accepted advisories that has a reason."""
    return set(_ACCEPTED_ROW.findall(CONSIDERED.read_text("utf-8")))


def find_advisories(pins: Iterable[str]) -> list[Advisory]:
    """Ask the database about each version.

    Raises:
        NotCheckedError: it did not tell about all of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        # The form of a lock file, because it may name several versions of one package.
        packages = (pin.split("==") for pin in pins)
        rows = [
            f'[[packages]]\nname = "{name}"\nversion = "{version}"\n' for name, version in packages
        ]
        Path(folder, "pylock.toml").write_text("\n".join(['lock-version = "1.0"', *rows]))
        report = _run_tool(folder)
    told = [
        (f"{package['name']}=={package['version']}", package["vulns"])
        for package in report["dependencies"]
        if "skip_reason" not in package
    ]
    if missing := {*pins} - {pin for pin, _advisories in told}:
        raise NotCheckedError(f"the database does not know {' '.join(sorted(missing))}")
    return [
        Advisory(pin, frozenset({one["id"], *one["aliases"]}), " or ".join(one["fix_versions"]))
        for pin, advisories in told
        for one in advisories
    ]


def _run_tool(folder: str) -> Any:
    try:
        command: list[str | Path] = [
            *(environment_python(TOOL), "-m", "pip_audit", "--locked", folder),
            *("--vulnerability-service", "osv", "--timeout", str(SECONDS_FOR_A_RESPONSE)),
            *("--format", "json", "--progress-spinner", "off", "--cache-dir", f"{folder}/cache"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_IN_ALL)
        return json.loads(done.stdout)
    except subprocess.CalledProcessError:
        raise NotCheckedError(f"{TOOL} cannot be installed") from None
    except subprocess.TimeoutExpired:
        raise NotCheckedError(f"no result after {SECONDS_IN_ALL} seconds") from None
    except ValueError:  # the result is only printed when the database told about all versions
        lines = done.stderr.strip().splitlines() or [f"{TOOL} printed nothing"]
        raise NotCheckedError(lines[-1]) from None


def main(words: list[str]) -> int:
    """Print what was found. Return 1 if an advisory is new, unless it is only to be printed."""
    pins, accepted = read_pins(PINNED_FILES), read_accepted()
    try:
        advisories = find_advisories(pins)
    except NotCheckedError as error:
        print(f"advisories: not checked: {error}")
        return 0
    known = {(one.pin, name) for one in advisories for name in one.ids} & accepted
    new = [one for one in advisories if not {(one.pin, name) for name in one.ids} & accepted]
    print(f"advisories: {len(pins)} versions checked, {len(known)} accepted, {len(new)} new")
    for pin, name in sorted(accepted - known):
        print(f"warning: {name} is no longer about {pin}: take it out of {CONSIDERED.name}")
    for one in new:
        print(f"{'warning' if '--warn' in words else 'error'}: {one}")
    if new:
        print(f"renew them with `make constraints`, or accept them, with a reason, in {CONSIDERED}")
    return int(bool(new) and "--warn" not in words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
