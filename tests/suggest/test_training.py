"""A model from gold: learnt, measured, the same again, in place in one step, and honest about what it has seen."""

from __future__ import annotations

import json

import pytest

from sayso.errors import InputError, UsageError
from sayso.records import Split
from sayso.schema import load
from sayso.settings import MARK, Instance
from sayso.store import Corpus
from sayso.suggest import model
from sayso.suggest.learning import Lessons
from sayso.suggest.training import Trained, train
from tests.commands import done, sayso
from tests.suggest import worlds

SPLITS: list[Split] = ["train"] * 18
SPLITS += ["validation"] * 3
SPLITS += ["test"] * 3


def trained(instance: Instance, epochs: int = 12, seed: int = 0) -> Trained:
    lessons = Lessons(Corpus(instance.root))
    return train(lessons, load(instance.root / MARK), model.place(instance), epochs=epochs, seed=seed)


@pytest.mark.slow
def test_it_learns_suggests_and_is_measured_on_the_test_split_alone(instance: Instance) -> None:
    worlds.fill(instance, SPLITS)
    made = trained(instance, 40)
    assert made.card.labels == ("Actor", "Location") and made.documents == 18
    (everything,) = [one for one in made.card.validation if one.label == "all"]
    assert everything.f1 == 1.0, "the towns and crews are the same everywhere"
    done(instance.root, "suggest", "--with", "model", "--with", "numbers", "--only-new")
    written = (instance.root / "build" / "predictions.jsonl").read_text().splitlines()
    mentions = [mention for line in written for mention in json.loads(line).get("mentions", ())]
    assert all(0.5 <= mention["score"] <= 1 for mention in mentions if mention["by"] == "model")
    assert {mention["label"] for mention in mentions} == {"Actor", "Location", "Count"}
    told = json.loads(done(instance.root, "evaluate", "--with", "model", "--json"))
    assert (told["documents"], told["seen"]) == (3, {"model": 21}), "what chose the best epoch counts as seen"


@pytest.mark.slow
def test_the_same_again_is_the_same_and_another_takes_its_place_in_one_step(instance: Instance) -> None:
    worlds.fill(instance, SPLITS)
    first, again = trained(instance, 2), trained(instance, 2)
    assert (first.changed, again.changed) == (True, False)
    place = model.place(instance)
    before = place.resolve()
    assert trained(instance, 2, seed=1).changed
    assert place.resolve() != before and not before.exists()
    assert [path.name for path in sorted(place.parent.iterdir())] == [place.name, place.resolve().name]


def test_what_a_killed_run_left_is_swept_away(instance: Instance) -> None:
    worlds.fill(instance, SPLITS[:8])
    place = model.place(instance)
    left = place.with_name(f"{place.name}.partial")
    left.mkdir(parents=True)
    (left / "half").write_text("")
    trained(instance, 1)
    assert not left.exists() and (place / model.CARD).is_file()


def test_without_validation_the_score_is_undefined_and_said_to_be(instance: Instance) -> None:
    worlds.fill(instance, ["train"] * 8)
    result = sayso(instance.root, "train", "--epochs", "1", "--json")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert (told["validation"], told["best_epoch"]) == ([], None)
    assert "validation F1 undefined" in result.stderr and "how good the model is, is undefined" in result.stderr


@pytest.mark.parametrize("splits", [["train"] * 4, ["test"] * 20])
def test_too_few_readings(instance: Instance, splits: list[Split]) -> None:
    worlds.fill(instance, splits)
    with pytest.raises(InputError, match=r"documents of split train with .* mentions, and a model needs"):
        trained(instance)
    assert not model.place(instance).exists()


def test_nothing_is_adjudicated(instance: Instance) -> None:
    worlds.fill(instance, ["train"] * 9, adjudicated=False)
    with pytest.raises(InputError, match="nothing is adjudicated"):
        trained(instance)


def test_no_model_there_and_something_else_there(instance: Instance) -> None:
    worlds.fill(instance, ["train"] * 8)
    with pytest.raises(UsageError, match=r"no model there.*sayso train"):
        model.suggester(model.place(instance))
    model.place(instance).mkdir(parents=True)
    with pytest.raises(InputError, match="there is something else"):
        trained(instance, 1)
