"""Data sets in memory, as preprocessing.describe reads them."""

import numpy as np

from preprocessing.description.survey import take_survey
from trainer.runs import Run
from trainer.schema import SPLITS, Feature, Schema, Split

PERIOD = 60_000_000


def schema_of(num_features, **fields):
    """A schema of columns c0, c1, ...; `roles` and `names` may differ."""
    names = fields.pop("names", [f"c{n}" for n in range(num_features)])
    roles = fields.pop("roles", ["scored"] * num_features)
    return Schema(
        features=tuple(
            Feature(name, role, 1, 0, 0.0, 1.0, 0.0, 1.0, False, False)
            for name, role in zip(names, roles, strict=True)
        ),
        splits={name: Split() for name in SPLITS},
        **({"label_kind": "step", "halo": 16} | fields),
    )


def run_of(values, series_id="a", start=0, labels=None, first_time=None):
    """A run; its rows are a minute apart where `first_time` is given."""
    values = np.asarray(values, "f4").reshape(len(values), -1)
    times = None
    if first_time is not None:
        times = first_time + np.arange(len(values)) * PERIOD
    if labels is not None:
        labels = np.asarray(labels, np.int8)
    return Run(series_id, start, values, labels, None, times)


def clean_runs(num_rows=400, num_features=2, series_id="a", seed=0):
    """Split to one run of noise; tuning and test have both labels."""
    generator = np.random.default_rng(seed)
    found = {}
    for number, name in enumerate(SPLITS):
        labels = np.zeros(num_rows, np.int8)
        if name in ("tuning", "test"):
            labels[100:120] = 1
        found[name] = [
            run_of(
                generator.uniform(size=(num_rows, num_features)),
                series_id,
                number * num_rows,
                labels,
                number * num_rows * PERIOD,
            )
        ]
    return found


def reader(runs):
    """The two ways in which describe reads."""

    def read(split, series=()):
        found = runs.get(split, [])
        return [run for run in found if not series or run.series_id in series]

    return read


def survey_of(schema, runs):
    """A survey of runs by split."""
    return take_survey(schema, reader(runs))


def small_runs():
    """Split to runs of two series, few enough to reckon by hand.

    Columns: flow moves, valve is 0 or 1, idle is constant in train, heat
    has cells that are not measured, spare has no other.
    """
    nan = np.nan
    return {
        "train": [
            run_of(
                [[1, 0, 7, nan, nan], [2, 1, 7, 10, nan], [3, 0, 7, 20, nan]],
                labels=[0, 0, 0],
                first_time=0,
            ),
            run_of(
                [[4, 1, 7, nan, nan]],
                start=3,
                labels=[0],
                first_time=62 * PERIOD,
            ),
        ],
        "validation": [
            run_of(
                [[2, 0, 7, 10, nan], [3, 1, 7, 20, nan]],
                start=4,
                labels=[0, -1],
                first_time=63 * PERIOD,
            )
        ],
        "tuning": [
            run_of(
                [[5, 1, 7, nan, nan], [6, 1, 7, nan, nan]],
                start=6,
                labels=[0, 1],
                first_time=65 * PERIOD,
            )
        ],
        "test": [
            run_of(
                [[-1, 0, 7, 10, nan]],
                start=8,
                labels=[1],
                first_time=67 * PERIOD,
            ),
            run_of([[1, 0, 8, 20, nan]], "b", labels=[-1]),
        ],
    }


def small_schema(**fields):
    """The schema of `small_runs`."""
    return schema_of(
        5,
        names=["flow", "valve", "idle", "heat", "spare"],
        roles=["scored", "covariate", "scored", "scored", "ignored"],
        **fields,
    )
