"""Every moment of every rehearsal, one by one: most of an hour on a machine that does nothing else.

    python -m tests.labelstudio.fault_sweep LOG [SCENARIO…] [KIND…] [writes]

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
"""A kind, a number, and what is asked then."""


def main(log: Path, words: list[str]) -> int:
    """Rehearse the scenarios and kinds that the words name, or all; how many moments failed."""
    assert set(words) <= {*SCENARIOS, *FAULT_KINDS, "writes"}, (
        f"choose among {[*SCENARIOS, *FAULT_KINDS, 'writes']}"
    )
    kinds = [kind for kind in FAULT_KINDS if kind in words] or list(FAULT_KINDS)
    with (
        tempfile.TemporaryDirectory() as folder,
        stop_server_after(own := new_checkout(Path(folder) / "studio")),
    ):
        labelstudio = LabelStudioServer(own, server.start(own, 0))
        for name in [name for name in SCENARIOS if name in words] or SCENARIOS:
            root = Path(folder) / name / "checkout"
            with (
                open_campaign(labelstudio, new_checkout(root)) as campaign,
                faults.run_proxy(labelstudio.url) as proxy,
            ):
                scenario = SCENARIOS[name](ProxiedCampaign(campaign, proxy))
                moments = [
                    one
                    for one in _list_moments(scenario, kinds)
                    if "writes" not in words or _changes_server(*one)
                ]
                _run_moments(scenario, name, moments, log)
    failed = [line for line in _read_log(log) if line["failed"]]
    print(*failed, f"{len(failed)} of {len(_read_log(log))} moments failed", sep="\n")
    return len(failed)


def _changes_server(kind: str, _number: int, asked: str) -> bool:
    return kind not in NETWORK_FAULTS or not asked.startswith("GET")


def _run_moments(scenario: FaultScenario, name: str, moments: list[Moment], log: Path) -> None:
    over = {(line["scenario"], line["kind"], line["number"]) for line in _read_log(log)}
    for kind, number, asked in moments:
        if (name, kind, number) in over:
            continue
        line = {
            "scenario": name,
            "kind": kind,
            "number": number,
            "asked": asked,
            **_run_moment(scenario, kind, number),
        }
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        if kind == KILLED_AT_CHANGE and line["code"] == 0:
            over |= {(name, kind, later) for later in range(number, 200)}


def _list_moments(scenario: FaultScenario, kinds: list[str]) -> Iterator[Moment]:
    for kind in kinds:
        for number, asked in enumerate(
            scenario.requests if kind != KILLED_AT_CHANGE else [""] * 150, 1
        ):
            yield kind, number, asked


def _run_moment(scenario: FaultScenario, kind: str, number: int) -> dict[str, Any]:
    began, code, failed = time.monotonic(), None, ""
    try:
        code = scenario.run_disturbed(kind, number).code
    except AssertionError as error:
        failed = str(error)
    return {"code": code, "failed": failed, "seconds": round(time.monotonic() - began, 1)}


def _read_log(log: Path) -> list[dict[str, Any]]:
    return (
        [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        if log.exists()
        else []
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]) > 0)
