"""Tokens, passwords and addresses stay where they belong, whatever is run and however it ends."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow.parquet
import pytest

from sayso.labelstudio import server
from tests import forked_commands
from tests.command_line import run_sayso
from tests.conftest import PASSWORD, REPOSITORY, LabelStudioServer, new_checkout, stop_server_after
from tests.forked_commands import SHORT_WAITS, CommandResult
from tests.labelstudio import faults
from tests.labelstudio.proxied_campaign import ANN, BOB
from tests.labelstudio.sample_campaign import SampleCampaign, open_campaign, sample_document

pytestmark = [pytest.mark.server, pytest.mark.slow]

SHORT_PATIENCE = {"SAYSO_PATIENCE": "1"}
WRONG_TOKEN = "f00dfacef00dfacef00dfacef00dfacef00dface"
# The files that may hold secrets; nobody else may read them.
SECRET_PATHS = (
    ".sayso/studio/secrets.json",
    ".sayso/studio/data/",
    ".sayso/annotators.jsonl",
    ".sayso/pseudonym.key",
)


@contextlib.contextmanager
def record_command_lines() -> Iterator[set[bytes]]:
    """Collect the command lines of this machine's processes during the block."""
    seen: set[bytes] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    seen.add(path.read_bytes())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()


def read_content(path: Path) -> bytes:
    """Return the content of a file, unpacked."""
    if path.suffix == ".parquet":
        return repr(pyarrow.parquet.read_table(path).to_pylist()).encode()
    return path.read_bytes()


def find_leaks(root: Path, secrets: list[bytes]) -> dict[str, list[bytes]]:
    """Return the files that hold a secret and may not."""
    found = {}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not name.startswith(SECRET_PATHS):
            text = read_content(path)
            found[name] = [secret for secret in secrets if secret in text]
    for place in (
        "*.parquet",
        "*.sqlite3",
        "*.log",
        "corpus/annotations/*/*.jsonl",
        ".sayso/quarantine/*.jsonl",
    ):
        assert any(Path(name).match(place) for name in found), f"no {place} was looked into"
    return {name: held for name, held in found.items() if held}


def find_readable_files(root: Path) -> list[str]:
    """Return the private files that another user could read."""

    def reachable(path: Path) -> bool:
        above = [parent for parent in path.parents if parent.is_relative_to(root / ".sayso")]
        return all(step.stat().st_mode & 0o077 for step in (path, *above))

    private = [
        path
        for name in (*SECRET_PATHS, ".sayso/quarantine/", ".sayso/cache/")
        for path in _files(root / name)
    ]
    assert len(private) > 5
    return [str(path) for path in private if reachable(path)]


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [below for below in path.rglob("*") if below.is_file()]


def list_committed_files(root: Path) -> list[str]:
    """Return the files that `git add --all` adds."""
    shutil.copy(REPOSITORY / ".gitignore", root)
    for words in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    listed = subprocess.run(
        ["git", "ls-files"], cwd=root, check=True, capture_output=True, text=True
    )
    return listed.stdout.splitlines()


class RecordedOutput:
    """Runs commands of one checkout with the expected exit codes, and records their output."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lines: list[str] = []

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command in a process of its own, whose command line the machine shows."""
        ended = run_sayso(self.root, *words, environment=SHORT_PATIENCE, fork=False)
        return self.record(
            words, CommandResult(ended.returncode, ended.stdout + ended.stderr), {code}
        )

    def run_forked(self, *words: str, codes: set[int], **environment: str) -> str:
        """Run a command in a forked process."""
        return self.record(
            words,
            forked_commands.run_command(
                self.root, *words, environment={**SHORT_PATIENCE, **environment}, **SHORT_WAITS
            ),
            codes,
        )

    def record(self, words: tuple[str, ...], ended: CommandResult, codes: set[int]) -> str:
        assert ended.code in codes and "Traceback" not in ended.output, (
            f"{words} ended with {ended.code}: {ended.output}"
        )
        self.lines += [" ".join(words), *ended.output.splitlines()]
        return ended.output


def run_campaign(campaign: SampleCampaign, recorded: RecordedOutput) -> None:
    """Run every command of a campaign, with an annotation to repair and one to quarantine."""
    named = ("--campaign", campaign.project_key.campaign)
    predictions = campaign.checkout.root / "predictions.jsonl"
    mentions = [{"id": "p", "label": "Actor", "start": 0, "end": 6}]
    lines = [
        {"doc_id": held.doc_id, "text_sha256": held.text_sha256, "mentions": mentions}
        for held in campaign.corpus.documents()
    ]
    predictions.write_text("".join(json.dumps(line) + "\n" for line in lines))
    recorded.run("push", *named, "--predictions", str(predictions), "--overlap", "2", "--json")
    broken = campaign.build_result("doc-00001")
    broken[0]["value"]["end"] = 10_000
    campaign.submit("doc-00000", [], email=ANN)
    campaign.submit("doc-00001", broken, email=BOB)
    campaign.submit("doc-00002", email=BOB, skip=True)
    by_hand = {"data": {"text": "x", "title": "", "about": ""}}
    path = f"/api/projects/{campaign.project}/import?return_task_ids=true"
    task = campaign.request("POST", path, [by_hand])["task_ids"][0]
    campaign.request("POST", f"/api/tasks/{task}/annotations/", {"result": []}, ANN)
    for words in (
        ["pull"],
        ["pull", "--full"],
        ["status"],
        ["progress"],
        ["push", "--dry-run"],
        ["push"],
    ):
        recorded.run(*words, *named)
        recorded.run(*words, *named, "--json")
    for local in ("check", "build"):
        recorded.run(local)
        recorded.run(local, "--json")
    recorded.run("schema", "build")
    for words in (["studio", "status"], ["studio", "status", "--json"], ["studio", "up"]):
        recorded.run(*words)


def run_failures(
    campaign: SampleCampaign, recorded: RecordedOutput, proxy: faults.FaultProxy
) -> None:
    """Run commands that are refused, and commands against a server that fails at each stage."""
    labelstudio = campaign.labelstudio
    host = labelstudio.url.removeprefix("http://")
    campaign.token_file.chmod(0o644)
    for word in ("push", "pull", "status", "progress"):
        words = (word, "--campaign", campaign.project_key.campaign)
        for token in (
            WRONG_TOKEN,
            f"{labelstudio.token}\n{labelstudio.token}",
            f"{labelstudio.token}é",
            " ",
        ):
            recorded.run_forked(*words, codes={4}, SAYSO_TOKEN=token, SAYSO_URL=labelstudio.url)
        recorded.run_forked(
            *words, "--token-file", str(campaign.token_file), codes={4}, SAYSO_URL=labelstudio.url
        )
        for url in (
            f"http://{ANN}:{labelstudio.token}@{host}",
            f"http://{host}/?token={labelstudio.token}",
        ):
            recorded.run_forked(*words, codes={2}, SAYSO_URL=url)
        recorded.run_forked(
            *words, codes={8}, SAYSO_TOKEN=labelstudio.token, SAYSO_URL="http://127.0.0.1:9"
        )
        for number, fault in (
            (2, faults.answer_with_html),
            (3, faults.fail_with(500, b'{"detail": "x"}')),
            (4, faults.break_before),
        ):
            proxy.requests.clear()
            proxy.plan = faults.fault_since(number, fault)
            recorded.run_forked(
                *words, codes={6, 8}, SAYSO_TOKEN=labelstudio.token, SAYSO_URL=proxy.url
            )


def test_no_secret_is_shown_anywhere(tmp_path: Path) -> None:
    """Neither in output, whatever the exit code, nor in files or in the list of processes."""
    root = tmp_path / "checkout"
    checkout = new_checkout(root)
    recorded = RecordedOutput(root)
    with stop_server_after(checkout), record_command_lines() as command_lines:
        recorded.run("studio", "up", "--port", "0")
        found = server.find_running(checkout)
        assert found
        labelstudio = LabelStudioServer(checkout, found)
        with (
            open_campaign(labelstudio, checkout) as campaign,
            faults.run_proxy(labelstudio.url) as proxy,
        ):
            campaign.write_documents(*map(sample_document, range(3)))
            run_campaign(campaign, recorded)
            run_failures(campaign, recorded, proxy)
            campaign.token_file.unlink()
            tokens = [
                labelstudio.token,
                *(labelstudio.annotator_token(email) for email in (ANN, BOB)),
            ]
        assert "up" in recorded.run("studio", "status")
        recorded.run("studio", "down")
    lead = server.lead_credentials(checkout)
    own = msgspec.json.decode((server.server_folder(checkout) / "secrets.json").read_bytes())
    secrets = [
        value.encode()
        for value in {*tokens, WRONG_TOKEN, PASSWORD, ANN, BOB, lead.email, *own.values()}
        if isinstance(value, str)
    ]
    assert len(secrets) >= 8
    assert [
        line for line in recorded.lines if any(secret in line.encode() for secret in secrets)
    ] == []
    assert [line for line in command_lines if any(secret in line for secret in secrets)] == []
    assert {b"gunicorn", b"progress"} <= {
        word for line in command_lines for word in line.split(b"\0")
    }
    assert find_leaks(root, secrets) == {}
    assert find_readable_files(root) == []
    assert [
        name
        for name in list_committed_files(root)
        if name.startswith(".sayso") or name.endswith(".log")
    ] == []
    whole = b"".join(
        (server.server_folder(checkout) / "data" / "label_studio.sqlite3").read_bytes().split()
    )
    assert ANN.encode() in whole and (root / SECRET_PATHS[2]).read_bytes().count(b"@") >= 2, (
        "no address was in use"
    )
