"""Every moment of every rehearsal, one by one: most of an hour on a machine that does nothing else.

    python -m tests.studio.sweep LOG [SCENARIO…] [KIND…] [writes]

Each moment becomes a line of LOG as soon as it is over, so that a second start goes on where the first was stopped.
``writes`` leaves out the network's faults at requests that only read, which are all asked again in one way. Ends with
the moments that failed, and exit code 1 where there are any.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sayso.studio import server
from tests.conftest import Studio, new_instance, stopped_after
from tests.studio import faults
from tests.studio.campaigns import begun
from tests.studio.rehearsals import CHANGE, KILLS, NETWORK, SCENARIOS, Rehearsal
from tests.studio.stage import Stage

KINDS = (*KILLS, CHANGE, *NETWORK)
Moment = tuple[str, int, str]
"""A kind, a number, and what is asked then."""


def main(log: Path, words: list[str]) -> int:
    """Rehearse the scenarios and kinds that the words name, or all; how many moments failed."""
    assert set(words) <= {*SCENARIOS, *KINDS, "writes"}, f"choose among {[*SCENARIOS, *KINDS, 'writes']}"
    kinds = [kind for kind in KINDS if kind in words] or list(KINDS)
    with tempfile.TemporaryDirectory() as folder, stopped_after(own := new_instance(Path(folder) / "studio")):
        studio = Studio(own, server.up(own, 0))
        for scenario in [name for name in SCENARIOS if name in words] or SCENARIOS:
            root = Path(folder) / scenario / "checkout"
            with begun(studio, new_instance(root)) as campaign, faults.proxy(studio.url) as proxy:
                rehearsal = SCENARIOS[scenario](Stage(campaign, proxy))
                moments = [one for one in _moments(rehearsal, kinds) if "writes" not in words or _matters(*one)]
                _rehearse(rehearsal, scenario, moments, log)
    failed = [line for line in _lines(log) if line["failed"]]
    print(*failed, f"{len(failed)} of {len(_lines(log))} moments failed", sep="\n")
    return len(failed)


def _matters(kind: str, _number: int, asked: str) -> bool:
    return kind not in NETWORK or not asked.startswith("GET")


def _rehearse(rehearsal: Rehearsal, scenario: str, moments: list[Moment], log: Path) -> None:
    over = {(line["scenario"], line["kind"], line["number"]) for line in _lines(log)}
    for kind, number, asked in moments:
        if (scenario, kind, number) in over:
            continue
        line = {
            "scenario": scenario,
            "kind": kind,
            "number": number,
            "asked": asked,
            **_outcome(rehearsal, kind, number),
        }
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        if kind == CHANGE and line["code"] == 0:
            over |= {(scenario, kind, later) for later in range(number, 200)}


def _moments(rehearsal: Rehearsal, kinds: list[str]) -> Iterator[Moment]:
    for kind in kinds:
        for number, asked in enumerate(rehearsal.asked if kind != CHANGE else [""] * 150, 1):
            yield kind, number, asked


def _outcome(rehearsal: Rehearsal, kind: str, number: int) -> dict[str, Any]:
    began, code, failed = time.monotonic(), None, ""
    try:
        code = rehearsal.disturbed(kind, number).code
    except AssertionError as error:
        failed = str(error)
    return {"code": code, "failed": failed, "seconds": round(time.monotonic() - began, 1)}


def _lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]) > 0)
