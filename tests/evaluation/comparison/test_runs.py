import dataclasses
import json
import math

import pytest

from evaluation.comparison.one_run import Order
from evaluation.comparison.result import Result
from evaluation.comparison.runs import Run, checked_words
from evaluation.comparison.targets import Target

TARGET = Target("set", "name", "data")
RUN = Run(TARGET, "talk_dense", 1, ("--epochs=2",), 100, "hash", "runs")


@pytest.mark.parametrize(
    "change",
    [
        {"preset": "other"},
        {"seed": 2},
        {"trainer_flags": ()},
        {"buffer_length": 7},
        {"data_hash": "new"},
    ],
)
def test_whatever_changes_the_figures_makes_another_run(change):
    """Catches a result that is kept for other settings or other data."""
    other = dataclasses.replace(RUN, **change)
    assert other.folder != RUN.folder
    assert other.identity != RUN.identity


def test_the_order_is_what_a_user_would_type():
    """Catches a preset, seed or flag that never reaches the trainer."""
    order = Order(**json.loads(RUN.command.arguments[-1]))
    assert order.arguments == [
        "--data_dir=data",
        "--preset=talk_dense",
        "--seed=1",
        f"--output_dir={RUN.folder}",
        "--resume=false",
        "--epochs=2",
    ]
    assert order.buffer_length == 100


def test_a_result_comes_back_as_it_was(tmp_path):
    """Catches NaN that becomes 0, text that is no JSON, and another's result."""
    run = dataclasses.replace(RUN, root=str(tmp_path))
    assert run.result() is None
    figures = {"time view": {"a": {"vus_pr": math.nan, "f1": 0.5}}}
    result = Result(run.identity, ("time view",), figures, 1.0, 2.0, 3.0, 4.0)
    order = Order(**json.loads(run.command.arguments[-1]))
    result.write(order.result)
    text = open(order.result).read()
    assert "NaN" not in text
    back = run.result()
    assert math.isnan(back.figures["time view"]["a"].pop("vus_pr"))
    assert back == dataclasses.replace(
        result, figures={"time view": {"a": {"f1": 0.5}}}
    )
    assert Result.read(order.result, run.identity | {"seed": 5}) is None


def test_flags_are_checked_before_any_run():
    """Catches a mistyped flag that is found after hours, run by run."""
    assert checked_words("--epochs 2", ["talk_dense"]) == ("--epochs", "2")
    for flags in (
        "--input x",
        "--epoch 2",
        "--epochs 0",
        "--seed 3",
        "--output_dir=x",
    ):
        with pytest.raises(ValueError):
            checked_words(flags, ["talk_dense"])
