"""Every moment of every fault scenario, one by one: an hour on an idle machine.

    python -m tests.labelstudio.fault_sweep LOG [SCENARIO…] [KIND…] [writes]

Each moment becomes a line of LOG as soon as it is over, so that a second start continues where the
first was stopped. ``writes`` leaves out network faults at requests that only read, which are all
repeated in one way. Prints the moments that failed, with exit code 1 where there are any.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sayso.labelstudio import server
from tests.conftest import LabelStudioServer, new_checkout, stop_server_after
from tests.labelstudio import faults
from tests.labelstudio.fault_scenarios import (
    KILLED_AT_CHANGE,
    KILLS,
    NETWORK_FAULTS,
    SCENARIOS,
    FaultScenario,
)
from tests.labelstudio.proxied_campaign import ProxiedCampaign
from tests.labelstudio.sample_campaign import open_campaign

FAULT_KINDS = (*KILLS, KILLED_AT_CHANGE, *NETWORK_FAULTS)
Moment = tuple[str, int, str]
"""A kind, a number, and the line of the request."""


def main(log: Path, words: list[str]) -> int:
    """Run the scenarios and kinds that the words name, or all. Return how many moments failed."""
    known = {*SCENARIOS, *FAULT_KINDS, "writes"}
    assert set(words) <= known, f"choose among {known}"
    kinds = [kind for kind in FAULT_KINDS if kind in words] or list(FAULT_KINDS)
    with tempfile.TemporaryDirectory() as folder:
        checkout = new_checkout(Path(folder) / "studio")
        with stop_server_after(checkout):
            labelstudio = LabelStudioServer(checkout, server.start(checkout, 0))
            for name in [name for name in SCENARIOS if name in words] or SCENARIOS:
                root = Path(folder) / name / "checkout"
                with (
                    open_campaign(labelstudio, new_checkout(root)) as campaign,
                    faults.run_proxy(labelstudio.url) as proxy,
                ):
                    scenario = SCENARIOS[name](ProxiedCampaign(campaign, proxy))
                    moments = _list_moments(scenario, kinds, only_writes="writes" in words)
                    _run_moments(scenario, name, moments, log)
    failed = [line for line in _read_log(log) if line["failed"]]
    print(*failed, f"{len(failed)} of {len(_read_log(log))} moments failed", sep="\n")
    return len(failed)


def _list_moments(
    scenario: FaultScenario, kinds: list[str], *, only_writes: bool
) -> Iterator[Moment]:
    for kind in kinds:
        requests = [""] * scenario.changes if kind == KILLED_AT_CHANGE else scenario.requests
        for number, request in enumerate(requests, 1):
            if not only_writes or kind not in NETWORK_FAULTS or not request.startswith("GET"):
                yield kind, number, request


def _run_moments(scenario: FaultScenario, name: str, moments: Iterator[Moment], log: Path) -> None:
    done = {(line["scenario"], line["kind"], line["number"]) for line in _read_log(log)}
    for kind, number, request in moments:
        if (name, kind, number) in done:
            continue
        line = {"scenario": name, "kind": kind, "number": number, "request": request}
        line |= _run_moment(scenario, kind, number)
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _run_moment(scenario: FaultScenario, kind: str, number: int) -> dict[str, Any]:
    began, code, failed = time.monotonic(), None, ""
    try:
        code = scenario.run_disturbed(kind, number).code
    except AssertionError as error:
        failed = str(error)
    return {"code": code, "failed": failed, "seconds": round(time.monotonic() - began, 1)}


def _read_log(log: Path) -> list[dict[str, Any]]:
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [json.loads(line) for line in lines]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]) > 0)
