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

from sayso.studio import server
from tests.commands import sayso
from tests.conftest import PASSWORD, REPOSITORY, Studio, new_instance, stopped_after
from tests.studio import faults, runs
from tests.studio.campaigns import Campaign, begun, document
from tests.studio.runs import QUICK, Ended
from tests.studio.stage import ANN, BOB

pytestmark = [pytest.mark.server, pytest.mark.slow]

HASTE = {"SAYSO_PATIENCE": "1"}
WRONG = "f00dfacef00dfacef00dfacef00dfacef00dface"
# What may hold them: Label Studio's own data, our secrets, the private map. Nobody else may read it.
SECRET = (
    ".sayso/studio/secrets.json",
    ".sayso/studio/data/",
    ".sayso/annotators.jsonl",
    ".sayso/pseudonym.key",
)


@contextlib.contextmanager
def watched() -> Iterator[set[bytes]]:
    """Every command line that ran on this machine meanwhile, as anybody here can list them."""
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


def content(path: Path) -> bytes:
    """What a file says, also where it is packed."""
    if path.suffix == ".parquet":
        return repr(pyarrow.parquet.read_table(path).to_pylist()).encode()
    return path.read_bytes()


def holding(root: Path, secrets: list[bytes]) -> dict[str, list[bytes]]:
    """The files that hold a secret and may not."""
    found = {}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not name.startswith(SECRET):
            told = content(path)
            found[name] = [secret for secret in secrets if secret in told]
    for place in ("*.parquet", "*.sqlite3", "*.log", "corpus/annotations/*/*.jsonl", ".sayso/set-aside/*.jsonl"):
        assert any(Path(name).match(place) for name in found), f"no {place} was looked into"
    return {name: held for name, held in found.items() if held}


def open_to_others(root: Path) -> list[str]:
    """Files that may hold secrets, answers or addresses, and that another user could read."""

    def reachable(path: Path) -> bool:
        above = [parent for parent in path.parents if parent.is_relative_to(root / ".sayso")]
        return all(step.stat().st_mode & 0o077 for step in (path, *above))

    private = [path for name in (*SECRET, ".sayso/set-aside/", ".sayso/cache/") for path in _files(root / name)]
    assert len(private) > 5
    return [str(path) for path in private if reachable(path)]


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [below for below in path.rglob("*") if below.is_file()]


def committed(root: Path) -> list[str]:
    """What `git add --all` would take in."""
    shutil.copy(REPOSITORY / ".gitignore", root)
    for words in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    listed = subprocess.run(["git", "ls-files"], cwd=root, check=True, capture_output=True, text=True)
    return listed.stdout.splitlines()


class Sayings:
    """Runs commands of one checkout and keeps whatever they say; each has to end with the code that is expected."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lines: list[str] = []

    def run(self, *words: str, code: int = 0) -> str:
        """As a person does, in a process that shows in the list."""
        ended = sayso(self.root, *words, environment=HASTE)
        return self.kept(words, Ended(ended.returncode, ended.stdout + ended.stderr), {code})

    def quickly(self, *words: str, codes: set[int], **environment: str) -> str:
        """The same, with Python started already."""
        return self.kept(words, runs.run(self.root, *words, environment={**HASTE, **environment}, **QUICK), codes)

    def kept(self, words: tuple[str, ...], ended: Ended, codes: set[int]) -> str:
        assert ended.code in codes and "Traceback" not in ended.said, f"{words} ended with {ended.code}: {ended.said}"
        self.lines += [" ".join(words), *ended.said.splitlines()]
        return ended.said


def work(campaign: Campaign, sayings: Sayings) -> None:
    """Everything that a campaign does, in words and as JSON: among the answers one to fix, one to set aside."""
    named = ("--campaign", campaign.place.campaign)
    foretold = campaign.instance.root / "predictions.jsonl"
    mentions = [{"id": "p", "label": "Actor", "start": 0, "end": 6}]
    lines = [{"doc_id": held.doc_id, "text_sha256": held.text_sha256, "mentions": mentions}
             for held in campaign.corpus.documents()]  # fmt: skip
    foretold.write_text("".join(json.dumps(line) + "\n" for line in lines))
    sayings.run("push", *named, "--predictions", str(foretold), "--overlap", "2", "--json")
    broken = campaign.result("doc-00001")
    broken[0]["value"]["end"] = 10_000
    campaign.answer("doc-00000", [], email=ANN)
    campaign.answer("doc-00001", broken, email=BOB)
    campaign.answer("doc-00002", email=BOB, skip=True)
    by_hand = {"data": {"text": "x", "title": "", "about": ""}}
    path = f"/api/projects/{campaign.project}/import?return_task_ids=true"
    task = campaign.ask("POST", path, [by_hand])["task_ids"][0]
    campaign.ask("POST", f"/api/tasks/{task}/annotations/", {"result": []}, ANN)
    for words in (["pull"], ["pull", "--full"], ["status"], ["progress"], ["push", "--dry-run"], ["push"]):
        sayings.run(*words, *named)
        sayings.run(*words, *named, "--json")
    for local in ("check", "build"):
        sayings.run(local)
        sayings.run(local, "--json")
    sayings.run("schema", "build")
    for words in (["studio", "status"], ["studio", "status", "--json"], ["studio", "up"]):
        sayings.run(*words)


def go_wrong(campaign: Campaign, sayings: Sayings, proxy: faults.Proxy) -> None:
    """Everything that can be refused, and a server that fails at each stage of a command."""
    studio = campaign.studio
    host = studio.url.removeprefix("http://")
    campaign.token_file.chmod(0o644)
    for word in ("push", "pull", "status", "progress"):
        words = (word, "--campaign", campaign.place.campaign)
        for token in (WRONG, f"{studio.token}\n{studio.token}", f"{studio.token}é", " "):
            sayings.quickly(*words, codes={4}, SAYSO_TOKEN=token, SAYSO_URL=studio.url)
        sayings.quickly(*words, "--token-file", str(campaign.token_file), codes={4}, SAYSO_URL=studio.url)
        for url in (f"http://{ANN}:{studio.token}@{host}", f"http://{host}/?token={studio.token}"):
            sayings.quickly(*words, codes={2}, SAYSO_URL=url)
        sayings.quickly(*words, codes={8}, SAYSO_TOKEN=studio.token, SAYSO_URL="http://127.0.0.1:9")
        for number, fault in ((2, faults.page), (3, faults.failing(500, b'{"detail": "x"}')), (4, faults.broken)):
            proxy.asked.clear()
            proxy.fault = faults.since(number, fault)
            sayings.quickly(*words, codes={6, 8}, SAYSO_TOKEN=studio.token, SAYSO_URL=proxy.url)


def test_no_secret_is_told_anywhere(tmp_path: Path) -> None:
    """Neither in what commands say, however they end, nor in a file, nor to whoever lists processes."""
    root = tmp_path / "checkout"
    instance = new_instance(root)
    sayings = Sayings(root)
    with stopped_after(instance), watched() as command_lines:
        sayings.run("studio", "up", "--port", "0")
        found = server.running(instance)
        assert found
        studio = Studio(instance, found)
        with begun(studio, instance) as campaign, faults.proxy(studio.url) as proxy:
            campaign.fill(*map(document, range(3)))
            work(campaign, sayings)
            go_wrong(campaign, sayings, proxy)
            campaign.token_file.unlink()
            tokens = [studio.token, *(studio.annotator(email) for email in (ANN, BOB))]
        assert "up" in sayings.run("studio", "status")
        sayings.run("studio", "down")
    lead = server.credentials(instance)
    own = msgspec.json.decode((server.home(instance) / "secrets.json").read_bytes())
    secrets = [value.encode() for value in {*tokens, WRONG, PASSWORD, ANN, BOB, lead.email, *own.values()}
               if isinstance(value, str)]  # fmt: skip
    assert len(secrets) >= 8
    assert [line for line in sayings.lines if any(secret in line.encode() for secret in secrets)] == []
    assert [line for line in command_lines if any(secret in line for secret in secrets)] == []
    assert {b"gunicorn", b"progress"} <= {word for line in command_lines for word in line.split(b"\0")}
    assert holding(root, secrets) == {}
    assert open_to_others(root) == []
    assert [name for name in committed(root) if name.startswith(".sayso") or name.endswith(".log")] == []
    whole = b"".join((server.home(instance) / "data").joinpath("label_studio.sqlite3").read_bytes().split())
    assert ANN.encode() in whole and (root / SECRET[2]).read_bytes().count(b"@") >= 2, "no address was in use"
