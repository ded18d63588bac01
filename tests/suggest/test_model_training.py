"""A model from gold: learnt, measured, reproducible, replaced in one step, honest about itself."""

from __future__ import annotations

import json

import pytest

from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, UsageError
from sayso.models import Split
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout
from sayso.suggest import span_model
from sayso.suggest.model_training import TrainResult, train
from sayso.suggest.suggester_registry import select_suggesters
from sayso.suggest.training_data import TrainingData
from tests.command_line import run_sayso, run_sayso_ok
from tests.dataset.samples import SCHEMA
from tests.suggest import sample_articles

pytestmark = pytest.mark.slow

SPLITS: list[Split] = ["train"] * 18
SPLITS += ["validation"] * 3
SPLITS += ["test"] * 3


def train_model(checkout: Checkout, epochs: int = 12, seed: int = 0) -> TrainResult:
    lessons = TrainingData(CorpusFiles(checkout.root))
    return train(
        lessons,
        load_schema(checkout.root / SCHEMA_FILE),
        span_model.default_model_folder(checkout),
        epochs=epochs,
        seed=seed,
    )


@pytest.mark.slow
def test_it_learns_suggests_and_is_measured_on_the_test_split_alone(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, SPLITS)
    made = train_model(checkout, 40)
    assert made.card.labels == ("Actor", "Location") and made.documents == 18
    (everything,) = [one for one in made.card.validation if one.label == "all"]
    assert everything.f1 == 1.0, "the towns and crews are the same everywhere"
    run_sayso_ok(checkout.root, "suggest", "--with", "model", "--with", "numbers", "--only-new")
    written = (checkout.root / "build" / "predictions.jsonl").read_text().splitlines()
    mentions = [mention for line in written for mention in json.loads(line).get("mentions", ())]
    assert all(0.5 <= mention["score"] <= 1 for mention in mentions if mention["by"] == "model")
    assert {mention["label"] for mention in mentions} == {"Actor", "Location", "Count"}
    told = json.loads(run_sayso_ok(checkout.root, "evaluate", "--with", "model", "--json"))
    assert (told["documents"], told["learnt_from"]) == (3, {"model": 21}), (
        "what chose the best epoch counts as seen"
    )
    told = json.loads(
        run_sayso_ok(checkout.root, "evaluate", "--with", "model", "--with", "numbers", "--json")
    )
    assert told["documents"] == 24, "the model has learnt neither numbers nor from the test split"
    counts = {(one["subject"], one["measure"]): one["n"] for one in told["figures"]}
    assert counts["Actor", "recall"] == 3 * 2, told["figures"]


@pytest.mark.slow
def test_the_same_again_is_the_same_and_another_takes_its_place_in_one_step(
    checkout: Checkout,
) -> None:
    sample_articles.fill_corpus(checkout, SPLITS)
    first, again = train_model(checkout, 2), train_model(checkout, 2)
    assert (first.changed, again.changed) == (True, False)
    place = span_model.default_model_folder(checkout)
    before = place.resolve()
    assert train_model(checkout, 2, seed=1).changed
    assert place.resolve() != before and not before.exists()
    assert {path.name for path in place.parent.glob("model*") if path.is_dir()} == {
        place.name,
        place.resolve().name,
    }


def test_what_a_killed_run_left_is_swept_away(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, SPLITS[:8])
    place = span_model.default_model_folder(checkout)
    left = place.with_name(f"{place.name}.partial")
    left.mkdir(parents=True)
    (left / "half").write_text("")
    train_model(checkout, 1)
    assert not left.exists() and (place / span_model.CARD_FILE).is_file()


def test_without_validation_the_score_is_undefined_and_said_to_be(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train"] * 8)
    result = run_sayso(checkout.root, "train", "--epochs", "1", "--seed", "3", "--json")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert (told["validation"], told["best_epoch"], told["seed"]) == ([], None, 3)
    assert (
        "validation F1 undefined" in result.stderr and "the scores are undefined" in result.stderr
    )


@pytest.mark.parametrize("splits", [["train"] * 4, ["test"] * 20])
def test_too_few_readings(checkout: Checkout, splits: list[Split]) -> None:
    sample_articles.fill_corpus(checkout, splits)
    with pytest.raises(
        InputError, match=r"documents of split train with .* mentions, and a model needs"
    ):
        train_model(checkout)
    assert not span_model.default_model_folder(checkout).exists()


def test_nothing_is_adjudicated(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train"] * 9, adjudicated=False)
    with pytest.raises(InputError, match="nothing is adjudicated"):
        train_model(checkout)


def test_no_model_there_and_something_else_there(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train"] * 8)
    with pytest.raises(UsageError, match=r"no model there.*sayso train"):
        select_suggesters(checkout, ["model"], TrainingData(CorpusFiles(checkout.root)), SCHEMA)
    span_model.default_model_folder(checkout).mkdir(parents=True)
    with pytest.raises(InputError, match="there is something else"):
        train_model(checkout, 1)
