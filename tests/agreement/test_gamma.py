"""Gamma by pygamma-agreement, which has an environment of its own: it is large."""

from __future__ import annotations

import json
import subprocess

import pytest

from sayso.errors import UsageError
from sayso.settings import Checkout
from tests.command_line import run_sayso
from tests.conftest import REPOSITORY
from tests.dataset.samples import make_annotation, make_document, make_mention, write_corpus
from tests.library_environments import environment_python

DOCUMENT = make_document("d", "The army said that drones fell.")
ONE = [(0, 10, "X"), (20, 30, "Y"), (40, 44, "X")]
OTHER = [(0, 9, "X"), (20, 30, "X"), (41, 44, "X")]

SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from sayso.agreement.gamma import compute_gamma
layers = json.loads(sys.argv[2])
print(json.dumps([compute_gamma(each) for each in layers]))
"""


@pytest.mark.slow
def test_gamma_is_what_its_library_finds() -> None:
    """Chance is drawn with the same seed; the value was found by calling the library alone."""
    asked = [[ONE, OTHER], [ONE, OTHER], [ONE, ONE], [ONE, []], [ONE]]
    python = environment_python("pygamma-agreement-0.5.9")
    scripts = str(REPOSITORY / "scripts")
    found = subprocess.run(
        [python, "-c", SCRIPT, scripts, json.dumps(asked)],
        capture_output=True,
        text=True,
        check=True,
    )
    first, second, same, empty, alone = json.loads(found.stdout)
    assert first == second and 0.5 < first < 0.8
    assert (same, empty, alone) == (1, None, None)
    assert "CBC" not in found.stderr


def test_without_the_library_it_says_what_to_install(checkout: Checkout) -> None:
    mention = make_mention("m1", "Actor", DOCUMENT.text, 4, 8)
    annotations = [
        make_annotation(DOCUMENT, mention, annotator=name) for name in ("ann-1", "ann-2")
    ]
    write_corpus(checkout.root, [DOCUMENT], annotations)
    refused = run_sayso(checkout.root, "agreement", "--gamma")
    assert refused.returncode == UsageError.exit_code
    assert "gamma needs pygamma_agreement" in refused.stderr
    assert "pip install 'sayso[gamma]'" in refused.stderr
