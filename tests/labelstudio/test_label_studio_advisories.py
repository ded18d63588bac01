"""The pinned Label Studio has the fixes that SECURITY.md says it has."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import PASSWORD, LabelStudioServer
from tests.labelstudio.test_server import sign_in

pytestmark = [pytest.mark.server, pytest.mark.slow]

VICTIM, ATTACKER = "victim@example.org", "attacker@example.org"
SCRIPT = "</script><script>alert(document.domain)</script>"


@pytest.fixture
def victim(labelstudio: LabelStudioServer) -> Iterator[httpx.Client]:
    """A session of somebody who has logged in."""
    labelstudio.annotator_token(VICTIM)
    with sign_in(labelstudio.url, VICTIM, PASSWORD) as browser:
        yield browser


def test_hotkeys_that_another_account_set_are_no_script(
    labelstudio: LabelStudioServer, victim: httpx.Client
) -> None:
    """GHSA-2mq9-hm29-8qch. The first half still holds: everybody can change everybody's."""
    number = victim.get("/api/current-user/whoami").json()["id"]
    token = labelstudio.annotator_token(ATTACKER)
    with httpx.Client(
        base_url=labelstudio.url, headers={"Authorization": f"Token {token}"}, timeout=60
    ) as attacker:
        hotkeys = {f"annotation:{SCRIPT}": {"key": SCRIPT, "active": True}}
        content = {"custom_hotkeys": hotkeys, "first_name": SCRIPT}
        changed = attacker.patch(f"/api/users/{number}/", json=content)
    assert changed.json()["custom_hotkeys"] == hotkeys
    page = victim.get("/projects/").text
    assert "&lt;script&gt;alert(document.domain)" in page
    assert "<script>alert(document.domain)" not in page


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_there_is_no_page_of_examples(method: str, victim: httpx.Client) -> None:
    """GHSA-wpq5-3366-mqw4 and GHSA-8jhr-wpcm-hh4h."""
    example = f'<View><!-- {{"data": {{"t": "{SCRIPT}"}}}} --><Text name="t" value="$t"/></View>'
    for path in ("/projects/upload-example", "/projects/upload-example/"):
        fields = {"label_config": example}
        form = fields if method == "POST" else None
        origin = {"Origin": str(victim.base_url).rstrip("/")}
        response = victim.request(method, path, params=fields, data=form, headers=origin)
        assert response.status_code == 404
        assert SCRIPT not in response.text
