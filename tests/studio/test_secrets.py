"""Tokens, passwords and addresses stay where they belong, whatever is run and however it ends."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from sayso.studio import server
from tests.commands import sayso
from tests.conftest import PASSWORD, Studio, new_instance, stopped_after
from tests.studio import faults
from tests.studio.campaigns import begun, document
from tests.studio.stage import ANN, BOB

pytestmark = [pytest.mark.server, pytest.mark.slow]

WRONG = "f00dfacef00dfacef00dfacef00dfacef00dface"
# What may hold them: Label Studio's own data, our secrets, the private map, and the token file of the test.
SECRET = (
    ".sayso/studio/secrets.json",
    ".sayso/studio/data/",
    ".sayso/annotators.jsonl",
    ".sayso/pseudonym.key",
    "token",
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


def holding(root: Path, secrets: list[bytes]) -> dict[str, list[bytes]]:
    """The files that hold a secret and may not."""
    found = {}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not name.startswith(SECRET):
            content = path.read_bytes()
            found[name] = [secret for secret in secrets if secret in content]
    assert len(found) > 10
    return {name: held for name, held in found.items() if held}


def test_no_secret_is_told_anywhere(tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    instance = new_instance(root)
    said: list[str] = []

    def run(*words: str, code: int | None = 0, **environment: str) -> None:
        ended = sayso(root, *words, environment={"SAYSO_PATIENCE": "1", **environment})
        assert code is None or ended.returncode == code, ended.stderr
        said.append(ended.stdout + ended.stderr)

    with stopped_after(instance), watched() as command_lines:
        run("studio", "up", "--port", "0")
        found = server.running(instance)
        assert found
        studio = Studio(instance, found)
        with begun(studio, instance) as campaign, faults.proxy(studio.url) as proxy:
            campaign.fill(*map(document, range(3)))
            named = ("--campaign", campaign.place.campaign)
            run("push", *named)
            for number, email in enumerate((ANN, BOB)):
                campaign.answer(f"doc-{number:05d}", email=email)
            by_hand = {"data": {"text": "x", "title": "", "about": ""}}
            campaign.ask("POST", f"/api/projects/{campaign.project}/import", [by_hand])
            for asked in (["pull"], ["status"], ["push", "--dry-run"]):
                run(*asked, *named)
                run(*asked, *named, "--json")
            run("check", code=None)
            run("build", code=None)
            run("studio", "status", "--json")
            for words in ("push", "pull", "status"):
                run(words, *named, code=4, SAYSO_TOKEN=WRONG, SAYSO_URL=studio.url)
                run(words, *named, code=8, SAYSO_TOKEN=studio.token, SAYSO_URL="http://127.0.0.1:9")
                for fault in (faults.page, faults.failing(500, b'{"detail": "x"}')):
                    proxy.asked.clear()
                    proxy.fault = faults.since(3, fault)
                    run(words, *named, code=None, SAYSO_TOKEN=studio.token, SAYSO_URL=proxy.url)
            tokens = [studio.token, *(studio.annotator(email) for email in (ANN, BOB))]
        run("studio", "down")
    lead = server.credentials(instance)
    own = msgspec.json.decode((server.home(instance) / "secrets.json").read_bytes())
    secrets = [value.encode() for value in {*tokens, WRONG, PASSWORD, ANN, BOB, lead.email, *own.values()}
               if isinstance(value, str)]  # fmt: skip
    assert len(secrets) >= 8
    assert [line for line in said if any(secret in line.encode() for secret in secrets)] == []
    assert [line for line in command_lines if any(secret in line for secret in secrets)] == []
    assert any(b"label" in line or b"gunicorn" in line for line in command_lines)
    assert holding(root, secrets) == {}
