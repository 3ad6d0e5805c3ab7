import numpy as np
import pytest
from data_sets import feature_of
from fake_model import save_fake_model

from evaluation.models import load_models, scoring_alike, series_of, view_name
from trainer.schema import SPLITS, Schema, Split


def schema_of(names=("a", "b", "c"), label_kind="step"):
    values = np.array([0.0, 0.5, 2.0])
    return Schema(
        tuple(feature_of(name, values) for name in names),
        {name: Split() for name in SPLITS},
        label_kind=label_kind,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name in ("seed1", "seed2"):
        save_fake_model(folder / name / "model", series=[name])
    save_fake_model(folder / "fewer" / "model", scored=["a"])
    return folder


def folders(folder, *names):
    return [str(folder / name / "model") for name in names]


def test_names_tell_models_apart(folder):
    """Catches two models of the same name, and long paths in a table."""
    two = load_models(folders(folder, "seed1", "seed2"), schema_of())
    assert [model.name for model in two] == ["seed1", "seed2"]
    assert view_name(two[0], "time", 2) == "seed1, time view"
    one = load_models(folders(folder, "seed1"), schema_of())
    assert one[0].name == "fake"
    assert view_name(one[0], "time", 1) == "time view"


def test_a_model_may_lie_anywhere(folder, monkeypatch):
    """Catches a model without a name."""
    monkeypatch.chdir(folder / "seed1")
    models = load_models(["model", "../seed2/model"], schema_of())
    assert [model.name for model in models] == ["model", "../seed2/model"]


def test_series_are_those_learned_from(folder):
    """Catches figures of series that a model never saw."""
    models = load_models(folders(folder, "seed1", "seed2"), schema_of())
    assert series_of(models[:1], ()) == ("seed1",)
    assert series_of(models[:1], ("x",)) == ("x",)
    with pytest.raises(ValueError, match="`series`.*seed1 and seed2"):
        series_of(models, ())
    assert series_of(models, ("x", "y")) == ("x", "y")


def test_models_that_do_not_fit(folder):
    """Catches figures of other columns or labels, side by side."""
    seed1 = folders(folder, "seed1")
    with pytest.raises(ValueError, match="must have the columns.*a, b, d"):
        load_models(seed1, schema_of(("a", "b", "d")))
    with pytest.raises(ValueError, match="labelled as.*: sequence"):
        load_models(seed1, schema_of(label_kind="sequence"))


def test_the_models_say_what_is_scored(folder):
    """Catches baselines that score other columns than the models."""
    schema = schema_of()
    models = load_models(folders(folder, "seed1", "fewer"), schema)
    assert scoring_alike(models[:1], schema) == schema
    fewer = scoring_alike(models[1:], schema)
    assert fewer.scored_columns == (0,) and fewer.hash() == schema.hash()
    assert scoring_alike(models[:1], fewer).scored_columns == (0, 1, 2)
    with pytest.raises(ValueError, match=r"the same columns\..*fewer, which"):
        scoring_alike(models, schema)
