import math

import pytest
from fake_model import save_fake_model

from evaluation.groups import Group, groups_of, mean_and_spread
from evaluation.models import Model
from inference.scoring import LoadedDetector


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two seeds of one model, one trained for longer, one that tells less."""
    settings = {
        "one": {"seed": 1, "epochs": 5},
        "two": {"seed": 2, "epochs": 5},
        "long": {"seed": 1, "epochs": 9},
        "copied": {"seed": 1, "epochs": 9},
        "old": {},
    }
    folder = tmp_path_factory.mktemp("models")
    return {
        name: Model(
            name,
            "",
            LoadedDetector(save_fake_model(folder / name, settings=each)),
        )
        for name, each in settings.items()
    }


def test_seeds_of_one_model_are_put_together(models):
    """Catches runs of other settings taken for another seed."""
    rows = groups_of(list(models.values()), [])
    names = [name for name in models for _ in ("time", "feature")]
    assert [each.name.split(",")[0] for each in rows[:10]] == names
    assert rows[10:] == [
        Group(
            f"one … two, {view} view",
            (f"one, {view} view", f"two, {view} view"),
        )
        for view in ("time", "feature")
    ]


def test_baselines_come_last(models):
    """Catches a row of seeds that were not rated, or not all of them."""
    random = tuple(f"random score {seed}" for seed in range(5))
    rated = [*random, "all flagged"]
    rows = groups_of([models["one"]], rated)
    assert [each.name for each in rows] == [
        "time view",
        "feature view",
        "random score",
        "all flagged",
    ]
    assert rows[2] == Group("random score", random, is_baseline=True)
    assert len(groups_of([models["one"]], rated[1:])) == 3


def test_mean_and_spread():
    """Catches a spread of all instead of a sample's, and lost NaN."""
    nan = float("nan")
    seeds = [{"f1": 1.0, "delay": nan}, {"f1": 2.0, "delay": 4.0}]
    mean, spread = mean_and_spread(seeds)
    assert mean["f1"] == 1.5
    assert spread["f1"] == pytest.approx(math.sqrt(0.5))
    assert math.isnan(mean["delay"]) and math.isnan(spread["delay"])
    mean, spread = mean_and_spread(seeds[:1])
    assert mean["f1"] == 1.0 and math.isnan(spread["f1"])
