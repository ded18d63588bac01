"""A Label Studio behind TLS whose certificate a private authority has signed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio import faults
from tests.labelstudio.certificates import PrivateAuthority, make_authority
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

pytestmark = pytest.mark.server
ANOTHER = "127.0.0.2"  # on this machine, but for Sayso an address like any other


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PrivateAuthority:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return make_authority(tmp_path, ANOTHER)


@pytest.fixture(params=["localhost", ANOTHER])
def options(
    campaign: SampleCampaign, authority: PrivateAuthority, request: pytest.FixtureRequest
) -> Iterator[tuple[str, ...]]:
    """Yield the options of a command for the campaign behind TLS."""
    campaign.write_documents(sample_document(1))
    host = "127.0.0.1" if request.param == "localhost" else request.param
    with faults.run_proxy(campaign.labelstudio.url, host=host, tls=authority.server_context) as at:
        server = ("--url", f"https://{request.param}:{at.server_address[1]}")
        yield (*campaign.options[:2], *server, *campaign.options[4:])


def test_a_private_authority_is_trusted_where_it_is_named(
    campaign: SampleCampaign, authority: PrivateAuthority, options: tuple[str, ...]
) -> None:
    root, ca_file = campaign.checkout.root, authority.ca_file
    run_sayso_ok(root, "push", *options, environment={"SAYSO_CA_FILE": str(ca_file)})
    run_sayso_ok(root, "status", *options, environment={"SSL_CERT_FILE": str(ca_file)})
    (root / "team.pem").write_bytes(ca_file.read_bytes())
    (root / "pyproject.toml").write_text('[tool.sayso]\nca_file = "team.pem"\n')
    run_sayso_ok(root, "pull", *options, environment={"SSL_CERT_FILE": str(root / "token")})
    assert len(campaign.fetch_tasks()) == 1


def test_one_that_is_not_named_is_refused_at_once(
    campaign: SampleCampaign, options: tuple[str, ...]
) -> None:
    ended = run_sayso(campaign.checkout.root, "push", *options)
    assert ended.returncode == 8 and "certificate" in ended.stderr
    assert "set SAYSO_CA_FILE" in ended.stderr and ended.stderr.count("error:") == 1
