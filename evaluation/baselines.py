"""Trivial detectors, to see what a figure is worth.

They know the train split alone: its statistics stand in the schema, its rows
give the principal components. z is a scored column in units of its own
spread, as networks are given it.

| name | score of a row |
| --- | --- |
| random score | a number from 0 to 1; five seeds, each a detector |
| all flagged | 1 |
| step difference | sum of abs(z - z one row before) |
| standardised distance | root of the sum of z**2 |
| PCA error | root of the sum of (z - z by principal components)**2 |

Where cells are missing, sums are those of `evaluation.known_terms`; a row
without one is not scored (NaN).
"""

import dataclasses
import zlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from evaluation.known_terms import scaled_up
from evaluation.metrics.rows import largest
from evaluation.principal_components import (
    EXPLAINED_VARIANCE,
    Components,
    fit_components,
    unexplained,
)
from trainer.schema import Schema
from trainer.statistics.scaling import column_scale, scaled
from trainer.thresholds.quantile import Quantile, QuantileSettings

__all__ = [
    "EXPLAINED_VARIANCE",
    "GROUPS",
    "PCA_ERROR",
    "RANDOM",
    "Baselines",
    "fit_baselines",
]

RANDOM = tuple(f"random score {seed}" for seed in range(5))
ALWAYS = "all flagged"
DIFFERENCE = "step difference"
DISTANCE = "standardised distance"
PCA_ERROR = "PCA error"

# Row of a table to the detectors whose mean and spread it shows.
GROUPS = {"random score": RANDOM} | {
    name: (name,) for name in (ALWAYS, DIFFERENCE, DISTANCE, PCA_ERROR)
}

# Labels of simulated data may come from a generator of the same small seed;
# a stream of our own keeps random scores independent of them.
STREAM = 20_417


@dataclasses.dataclass(frozen=True)
class Baselines:
    """Trivial detectors; a value that can be sent to other processes.

    Attributes:
        num_features: all columns of the data set.
        columns: `[scored]` positions of the scored ones.
        mean: `[scored]`, of train, raw units.
        scale: `[scored]`, raw units.
        is_constant: `[scored]` bool.
        components: None where train had too few rows to find them.
        thresholds: name to threshold; NaN = none, flags nothing.
    """

    num_features: int
    columns: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    is_constant: np.ndarray
    components: Components | None = None
    thresholds: Mapping[str, float] = dataclasses.field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the detectors, in the order of `GROUPS`."""
        all_names = (name for group in GROUPS.values() for name in group)
        return tuple(
            name for name in all_names if name != PCA_ERROR or self.components
        )

    def score(
        self, name: str, values: np.ndarray, key: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scores an unbroken stretch of a series, and says why.

        Args:
            name: one of `names`.
            values: `[time, feature]`, all columns, raw units, NaN = not
                measured.
            key: which stretch, e.g. series id and first row. Random scores
                are the same for the same key, and independent otherwise.

        Returns:
            Scores, `[time]` float64, larger = stranger, NaN = not scored;
            and contributions, `[time, scored]` float64: the known terms of
            the score or of its square, scaled up, so that they add up to it.
            Those of random scores and of all flagged explain nothing.

        Raises:
            ValueError: there is no such detector, or a column is missing.
        """
        self._check(name, values)
        shape = len(values), len(self.columns)
        if name == ALWAYS:
            return np.ones(len(values)), np.ones(shape)
        if name in RANDOM:
            generator = _generator(name, key)
            return generator.random(len(values)), generator.random(shape)
        return self._summed(name, values)

    def scores_alone(
        self, name: str, values: np.ndarray, key: str
    ) -> np.ndarray:
        """The scores of `score`, without the memory for contributions.

        Args:
            name: one of `names`.
            values: as `score` takes them.
            key: the same.

        Returns:
            `[time]` float64, larger = stranger, NaN = not scored.

        Raises:
            ValueError: there is no such detector, or a column is missing.
        """
        self._check(name, values)
        if name == ALWAYS:
            return np.ones(len(values))
        if name in RANDOM:
            return _generator(name, key).random(len(values))
        return self._summed(name, values)[0]

    def with_thresholds(
        self,
        calibration_runs: Iterable[tuple[str, np.ndarray, np.ndarray]],
        is_by_run: bool = False,
    ) -> "Baselines":
        """Chooses thresholds as the rule `quantile` does by default.

        Args:
            calibration_runs: key, values `[time, feature]` and labels
                `[time]` (0, 1, -1 = unknown) of each stretch; never of the
                test split. Rows labelled 1 are left out.
            is_by_run: what is flagged are whole runs, each by the largest of
                its scores.

        Returns:
            The same detectors with a threshold each; NaN for those without a
            known score on any row that counts.

        Raises:
            ValueError: a label is something else, or a column is missing.
        """
        runs = list(calibration_runs)
        labels = _joined([run[2] for run in runs], is_by_run)
        thresholds = {}
        for name in self.names:
            scores = [
                self.scores_alone(name, values, key) for key, values, _ in runs
            ]
            thresholds[name] = (
                1.0
                if name == ALWAYS
                else _threshold(_joined(scores, is_by_run), labels)
            )
        return dataclasses.replace(self, thresholds=thresholds)

    def scaled_columns(self, values: np.ndarray) -> np.ndarray:
        """The scored columns in units of their own spread.

        Args:
            values: `[time, feature]`, all columns, raw units.

        Returns:
            `[time, scored]` float64.

        Raises:
            ValueError: a column is missing.
        """
        self._check_columns(values)
        raw = np.asarray(values)[:, self.columns]
        return scaled(raw, self.mean, self.scale, self.is_constant)

    def _summed(
        self, name: str, values: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        # Infinite cells make infinite or unknown terms, which is meant.
        with np.errstate(over="ignore", invalid="ignore"):
            z = self.scaled_columns(values)
            if name == DIFFERENCE:
                before = np.full((1, len(self.columns)), np.nan)
                return scaled_up(np.abs(np.diff(z, axis=0, prepend=before)))
            if name == PCA_ERROR:
                z = unexplained(self.components, z)
            total, terms = scaled_up(z**2)
            return np.sqrt(total), terms

    def _check(self, name: str, values: np.ndarray) -> None:
        if name not in self.names:
            raise ValueError(
                f"`name` must be one of {', '.join(self.names)}. Received: "
                f"{name!r}. Choose one of `Baselines.names`."
            )
        self._check_columns(values)

    def _check_columns(self, values: np.ndarray) -> None:
        if np.ndim(values) != 2 or np.shape(values)[1] != self.num_features:
            raise ValueError(
                f"`values` must be [time, feature] with {self.num_features} "
                f"features. Received: {np.shape(values)}. Give all columns "
                "of the data set, in its order."
            )


def fit_baselines(
    schema: Schema, train_runs: Sequence[np.ndarray]
) -> Baselines:
    """Learns what the trivial detectors know, from train alone.

    Args:
        schema: with the statistics of train.
        train_runs: `[time, feature]` each, all columns, raw units. Where
            they have too few rows there is no PCA error.

    Raises:
        ValueError: a scored column has no usable statistics, or a run has
            other columns.
    """
    features = [schema.features[column] for column in schema.scored_columns]
    statistics = {
        name: np.array([getattr(feature, name) for feature in features])
        for name in ("mean", "variance", "minimum", "maximum", "is_constant")
    }
    baselines = Baselines(
        num_features=len(schema.features),
        columns=np.array(schema.scored_columns, np.int64),
        mean=statistics["mean"],
        scale=column_scale(**statistics),
        is_constant=statistics["is_constant"],
    )
    components = fit_components(
        map(baselines.scaled_columns, train_runs), sum(map(len, train_runs))
    )
    return dataclasses.replace(baselines, components=components)


def _generator(name: str, key: str) -> np.random.Generator:
    entropy = STREAM, RANDOM.index(name), zlib.crc32(key.encode())
    return np.random.default_rng(entropy)


def _joined(parts: Sequence[np.ndarray], is_by_run: bool) -> np.ndarray:
    if is_by_run:
        return np.array([largest(part) for part in parts])
    return np.concatenate([np.zeros(0), *parts])


def _threshold(scores: np.ndarray, labels: np.ndarray) -> float:
    if not (np.isfinite(scores) & (labels != 1)).any():
        return float("nan")
    return Quantile(QuantileSettings()).fit(scores, labels)
