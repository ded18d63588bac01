"""A proxy like nginx that limits the size of a request, in front of the real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio.proxied_campaign import ProxiedCampaign
from tests.labelstudio.sample_campaign import TEXT, sample_document
from tests.labelstudio.test_adjudicate_disturbed import PUSH_COMMAND, AdjudicationScenario

pytestmark = pytest.mark.server
MEBIBYTE = 1 << 20  # nginx's default
SMALL = 90_000  # enough for a project's interface and guidelines


def write_documents(proxied: ProxiedCampaign, count: int, size: int) -> None:
    """Write documents with texts of this size."""
    texts = (f"Report {number}. ".ljust(size, TEXT[1]) for number in range(count))
    documents = [sample_document(number, text) for number, text in enumerate(texts)]
    proxied.campaign.write_documents(*documents)


def count_imports(proxied: ProxiedCampaign) -> int:
    return sum(line.endswith(("/import", "/predictions")) for line in proxied.proxy.requests)


def test_batches_shrink_to_what_the_proxy_takes(proxied: ProxiedCampaign) -> None:
    """With the batches and the limit of everyday: 400 documents, 2 MB."""
    proxied.proxy.body_limit = MEBIBYTE
    write_documents(proxied, 400, 5000)
    options = ("--url", proxied.proxy.url, *proxied.campaign.options[4:])
    words = ("push", *proxied.campaign.options[:2], *options)
    root = proxied.campaign.checkout.root
    run_sayso_ok(root, *words)
    assert len(proxied.campaign.fetch_tasks()) == 400
    # One request is on its way to be refused, and the next is cut already.
    assert 1 <= len(proxied.proxy.refused) <= 2
    assert count_imports(proxied) <= 8
    assert "nothing to do" in run_sayso(root, *words).stderr


def test_one_document_that_is_too_large_is_named(proxied: ProxiedCampaign) -> None:
    proxied.proxy.body_limit = SMALL
    large = sample_document(2, TEXT.ljust(2 * SMALL, "."))
    proxied.campaign.write_documents(*map(sample_document, range(2)), large, sample_document(3))
    ended = proxied.run("push")
    assert ended.code == 7 and ended.output.count("error:") == 1, ended.output
    assert "doc-00002: " in ended.output and "client_max_body_size" in ended.output
    assert proxied.campaign.fetch_tasks().keys() == {"doc-00000", "doc-00001"}
    proxied.proxy.body_limit = 3 * SMALL
    proxied.run_undisturbed("push")
    assert len(proxied.campaign.fetch_tasks()) == 4


@pytest.mark.parametrize("pushed_before", [False, True])
def test_predictions_shrink_too(proxied: ProxiedCampaign, pushed_before: bool) -> None:
    write_documents(proxied, 12, 2000)
    if pushed_before:
        proxied.run_undisturbed("push")
    proxied.proxy.body_limit = SMALL
    path = write_large_predictions(proxied)
    proxied.run_undisturbed("push", "--predictions", str(path))
    assert proxied.proxy.refused
    tasks = proxied.campaign.fetch_full_tasks(proxied.campaign.project)
    assert [len(task["predictions"]) for task in tasks] == [1] * 12
    assert "nothing to do" in proxied.run_undisturbed("push", "--predictions", str(path))


def write_large_predictions(proxied: ProxiedCampaign) -> Path:
    """Write predictions of which SMALL holds one, but not two."""
    numbers = range(20, 400)
    spans = [{"id": f"m{at}", "label": "Actor", "start": at, "end": at + 1} for at in numbers]
    lines = [
        {"doc_id": held.doc_id, "text_sha256": held.text_sha256, "mentions": spans}
        for held in proxied.campaign.corpus.documents()
    ]
    path = proxied.campaign.checkout.root / "predictions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_adjudication_tasks_shrink_too(proxied: ProxiedCampaign) -> None:
    scenario = AdjudicationScenario(proxied)
    scenario.push_and_change()
    before = scenario.read_state()
    proxied.proxy.body_limit = 4000
    proxied.run_undisturbed(*PUSH_COMMAND)
    assert len(proxied.proxy.refused) == 1
    assert len(scenario.read_state()) == 3 and scenario.read_state() != before
    assert "nothing to do" in proxied.run_undisturbed(*PUSH_COMMAND)
