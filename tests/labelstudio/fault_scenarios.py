"""Commands that are disturbed once and run again: the end must be that of an undisturbed run."""

from __future__ import annotations

import json
import re
import secrets
import signal

from sayso.labelstudio.repair_tab import TAB_TITLE
from tests.forked_commands import CommandResult
from tests.labelstudio import faults
from tests.labelstudio.faults import Fault
from tests.labelstudio.proxied_campaign import ANN, BOB, ProxiedCampaign
from tests.labelstudio.sample_campaign import sample_document

NETWORK_FAULTS: dict[str, Fault] = {
    "broken": faults.break_before,
    "lost": faults.lose_response,
    "truncated": faults.truncate_response,
    "doubled": faults.send_twice,
    "page": faults.answer_with_html,
    "late": faults.delay_response,
    "overtaken": faults.time_out_after,
    "429": faults.fail_with(429, b'{"detail": "Request was throttled."}', retry_after="1"),
    "500": faults.fail_with(500, b'{"status_code": 500, "detail": "database is locked"}'),
    "502": faults.fail_with(502),
    "503": faults.fail_with(503),
}
KILLS = ("killed before", "killed after")
KILLED_AT_CHANGE = "killed at a change"
"""Before a change to a file; all others are named by a request."""

DEFAULT_TABS = ["Default"]


class FaultScenario:
    """One command, with the same state before each run.

    Attributes:
        requests: those of an undisturbed run, in order.
        changes: how many changes to files an undisturbed run makes.
        expected: the state after it.
    """

    command: tuple[str, ...] = ("push",)
    tabs = DEFAULT_TABS

    def __init__(self, proxied: ProxiedCampaign) -> None:
        self.proxied = proxied
        self.prepare()
        proxied.keep()
        self.requests = proxied.record_requests(*self.command)
        self.expected = self.read_state()
        assert proxied.list_tab_titles() == self.tabs
        proxied.set_back()
        self.changes = proxied.count_changes(*self.command)

    def prepare(self) -> None:
        """Make what all runs start from."""
        raise NotImplementedError

    def read_state(self) -> object:
        """Return what must be the same whatever happened."""
        raise NotImplementedError

    def require_whole_files(self, moment: str) -> None:
        """Require that no file was left half written."""

    def run_disturbed(self, kind: str, number: int) -> CommandResult:
        """Run with one fault, then without. Return the result of the first run."""
        self.proxied.set_back()
        result = self._run_with_fault(kind, number)
        moment = f"{kind} {number}: {result}"
        self.require_whole_files(moment)
        assert result.code or self.read_state() == self.expected, moment
        self.proxied.run_undisturbed(*self.command)
        state = (self.read_state(), self.proxied.list_tab_titles())
        assert state == (self.expected, self.tabs), moment
        return result

    def _run_with_fault(self, kind: str, number: int) -> CommandResult:
        if kind == KILLED_AT_CHANGE:
            return self.proxied.run(*self.command, changes=number)
        if kind in KILLS:
            result = self.proxied.run_killed(number, kind == KILLS[1], *self.command)
            # Tasks that changed in the last minute are fetched twice, so that a later run has fewer
            # requests: there may be none of this number to be killed at.
            comes = len(self.proxied.proxy.requests) >= number
            assert (result.code == -signal.SIGKILL) == comes, result
        else:
            result = self.proxied.run_with_fault(NETWORK_FAULTS[kind], number, *self.command)
            assert result.failed_cleanly(), result
        return result


class FirstPush(FaultScenario):
    """Five documents in three batches, and no project yet."""

    def prepare(self) -> None:
        self.proxied.campaign.write_documents(*map(sample_document, range(5)))

    def read_state(self) -> object:
        return self.proxied.read_server_tasks(), self.proxied.count_projects()


class LaterPush(FirstPush):
    """One step of every kind: new, changed, described, surplus, predicted again."""

    def prepare(self) -> None:
        campaign = self.proxied.campaign
        campaign.write_documents(*map(sample_document, range(4)))
        self.proxied.run_undisturbed("push", "--predictions", self._write_predictions(6))
        surplus = [{"data": campaign.fetch_tasks()["doc-00003"]["data"]}]
        campaign.request("POST", f"/api/projects/{campaign.project}/import", surplus)
        campaign.write_documents(
            sample_document(0, "Another text."),
            sample_document(1, title="Renamed"),
            *map(sample_document, range(2, 6)),
        )
        self.command = ("push", "--predictions", self._write_predictions(4))

    def _write_predictions(self, end: int) -> str:
        mention = {"id": "p", "label": "Actor", "start": 0, "end": end}
        lines = [
            {"doc_id": held.doc_id, "text_sha256": held.text_sha256, "mentions": [mention]}
            for held in self.proxied.campaign.corpus.documents()
        ]
        path = self.proxied.campaign.checkout.root / "predictions.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return str(path)


class LimitedPush(LaterPush):
    """The same behind a proxy that takes one task in a request, and one prediction."""

    def prepare(self) -> None:
        self.proxied.proxy.body_limit = 90_000  # holds a project's interface and guidelines
        super().prepare()
        campaign = self.proxied.campaign
        large = [sample_document(n, f"{n} ".ljust(60_000, "x")) for n in range(6, 9)]
        campaign.write_documents(*campaign.corpus.documents(), *large)


class FirstPull(FaultScenario):
    """Five documents with annotations: one to repair, one skipped, one on a task added by hand."""

    command: tuple[str, ...] = ("pull", "--prune")
    file_count = 3
    tabs = sorted([*DEFAULT_TABS, TAB_TITLE])

    def prepare(self) -> None:
        self.submit_answers()
        self._files_before = self.proxied.read_pulled_files()
        # A pull that prunes is a whole pull first, then one that prunes.
        self.proxied.keep()
        self.proxied.run_undisturbed(*(word for word in self.command if word != "--prune"))
        self._files_unpruned = self.proxied.read_pulled_files()
        self.proxied.set_back()

    def submit_answers(self) -> None:
        campaign = self.proxied.campaign
        campaign.write_documents(*map(sample_document, range(5)))
        self.proxied.run_undisturbed("push")
        self.numbers = [campaign.submit(f"doc-{number:05d}", email=ANN) for number in range(3)]
        self.submit_broken("doc-00001", BOB)
        campaign.submit("doc-00004", email=BOB, skip=True)
        by_hand = [{"data": {"text": "x", "title": "", "about": ""}}]
        path = f"/api/projects/{campaign.project}/import?return_task_ids=true"
        task = campaign.request("POST", path, by_hand)["task_ids"][0]
        campaign.request("POST", f"/api/tasks/{task}/annotations/", {"result": []}, ANN)

    def submit_broken(self, doc_id: str, email: str) -> None:
        result = self.proxied.campaign.build_result(doc_id)
        result[0]["value"]["end"] = 10_000
        self.proxied.campaign.submit(doc_id, result, email=email)

    def read_state(self) -> dict[str, bytes]:
        pulled = self.proxied.read_pulled_files()
        assert len(pulled) == self.file_count, pulled.keys()
        return pulled

    def require_whole_files(self, moment: str) -> None:
        expected = self.expected
        assert isinstance(expected, dict)
        for name, content in self.proxied.read_pulled_files().items():
            states = (self._files_before, self._files_unpruned, expected)
            whole = [state.get(name) for state in states]
            assert name.endswith(".partial") or content in whole, f"half a file: {name}, {moment}"


class LaterPull(FirstPull):
    """After a pull: an annotation changed, one deleted, one broken, an annotated text changed."""

    file_count = 4

    def submit_answers(self) -> None:
        super().submit_answers()
        campaign = self.proxied.campaign
        self.proxied.run_undisturbed("pull")
        campaign.request("PATCH", f"/api/annotations/{self.numbers[0]}/", {"result": []}, ANN)
        campaign.http_client().delete(f"/api/annotations/{self.numbers[1]}/")
        self.submit_broken("doc-00003", ANN)
        held = {known.doc_id: known for known in campaign.corpus.documents()}
        longer = sample_document(2, f"{held['doc-00002'].text} Later.")
        campaign.write_documents(
            *map(sample_document, range(2)), longer, *map(sample_document, range(3, 5))
        )


class UnsettledPull(LaterPull):
    """The same, after a member left, an answer moved, the lead saved one, the server changed."""

    file_count = 5

    def submit_answers(self) -> None:
        super().submit_answers()
        campaign = self.proxied.campaign
        member = f"member-{secrets.token_hex(4)}@sayso.localhost"
        number = campaign.submit("doc-00000", email=member)
        task = campaign.fetch_tasks()["doc-00003"]
        path = f"/api/projects/{campaign.project}/import?return_task_ids=true"
        (copy,) = campaign.request("POST", path, [{"data": task["data"]}])["task_ids"]
        campaign.request("POST", f"/api/tasks/{copy}/annotations/", {"result": []}, member)
        self.proxied.run_undisturbed("pull")
        for file in campaign.corpus.annotation_files(campaign.project_key.campaign):
            lines = file.read_bytes().splitlines(keepends=True)
            lines[0] = re.sub(rb'"server":"[0-9a-f]+"', rb'"server":"%s"' % (b"0" * 16), lines[0])
            file.write_bytes(b"".join(lines))
        campaign.request("PATCH", f"/api/annotations/{number}/", {"result": []})
        action = f"/api/dm/actions?id=remove_duplicates&project={campaign.project}"
        campaign.request("POST", action, {"selectedItems": {"all": True, "excluded": []}})
        account = campaign.request("GET", "/api/current-user/whoami", email=member)["id"]
        campaign.request("DELETE", f"/api/organizations/1/memberships/{account}/")


class FullPull(LaterPull):
    """The same, and everything is fetched again."""

    command = ("pull", "--prune", "--full")


SCENARIOS: dict[str, type[FaultScenario]] = {
    "first-push": FirstPush,
    "later-push": LaterPush,
    "limited-push": LimitedPush,
    "first-pull": FirstPull,
    "later-pull": LaterPull,
    "unsettled-pull": UnsettledPull,
    "full-pull": FullPull,
}
