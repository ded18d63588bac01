"""The embedded Label Studio: private, found again, and stopped by nobody but its own."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import Studio

pytestmark = pytest.mark.server


def test_another_account_has_a_token_of_its_own(studio: Studio) -> None:
    token = studio.annotator("reader@sayso.localhost")
    me = httpx.get(f"{studio.url}/api/current-user/whoami", headers={"Authorization": f"Token {token}"}).json()
    assert me["email"] == "reader@sayso.localhost"
