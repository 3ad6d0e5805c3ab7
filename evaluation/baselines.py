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

Where cells are missing, the known terms of a sum are scaled up to stand for
all; a row with fewer than half of them known is not scored (NaN).
"""

import dataclasses
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.decomposition import PCA

from evaluation.metrics.rows import largest
from trainer.schema import Schema
from trainer.statistics.scaling import column_scale, scaled
from trainer.thresholds.quantile import Quantile, QuantileSettings

__all__ = [
    "EXPLAINED_VARIANCE",
    "GROUPS",
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

EXPLAINED_VARIANCE = 0.9
MIN_TRAIN_ROWS = 10
MAX_TRAIN_ROWS = 100_000
ROWS_A_WINDOW = 10


class Components(NamedTuple):
    """Principal components of train, `width` columns or rows of one column.

    Attributes:
        mean: `[width]`, scaled units.
        directions: `[component, width]`, orthonormal.
    """

    mean: np.ndarray
    directions: np.ndarray


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
        """Scores an unbroken stretch of a series.

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

        Raises:
            ValueError: there is no such detector, or a column is missing.
        """
        self._check(name, values)
        shape = len(values), len(self.columns)
        if name == ALWAYS:
            return np.ones(len(values)), np.ones(shape)
        if name in RANDOM:
            entropy = STREAM, RANDOM.index(name), zlib.crc32(key.encode())
            generator = np.random.default_rng(entropy)
            return generator.random(len(values)), generator.random(shape)
        # Infinite cells make infinite or unknown terms, which is meant.
        with np.errstate(over="ignore", invalid="ignore"):
            raw = np.asarray(values)[:, self.columns]
            if name == DIFFERENCE:
                return _sum_of_known(self._differences(raw))
            residuals = (
                self._scaled(raw)
                if name == DISTANCE
                else self._residuals(_rows_of(raw), len(raw))
            )
            total, terms = _sum_of_known(residuals**2)
            return np.sqrt(total), terms

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

        Raises:
            ValueError: a label is something else, or a column is missing.
        """
        runs = list(calibration_runs)
        labels = _joined([run[2] for run in runs], is_by_run)
        thresholds = {}
        for name in self.names:
            scores = [self.score(name, run[1], run[0])[0] for run in runs]
            thresholds[name] = (
                1.0
                if name == ALWAYS
                else _threshold(_joined(scores, is_by_run), labels)
            )
        return dataclasses.replace(self, thresholds=thresholds)

    def _scaled(self, raw: np.ndarray) -> np.ndarray:
        return scaled(raw, self.mean, self.scale, self.is_constant)

    def _differences(self, raw: np.ndarray) -> np.ndarray:
        before = np.full((1, len(self.columns)), np.nan)
        return np.abs(np.diff(self._scaled(raw), axis=0, prepend=before))

    def _residuals(self, rows: np.ndarray, num_rows: int) -> np.ndarray:
        """What the principal components leave, `[time, scored]`."""
        z = self._scaled(rows)
        mean, directions = self.components
        centred = np.where(np.isfinite(z), z, 0.0) - mean
        left = centred - centred @ directions.T @ directions
        left = np.where(np.isfinite(z), left, z)
        left[~_has_enough(z)] = np.nan
        result = np.full((num_rows, len(self.columns)), np.nan)
        # The last row of a window alone: the score belongs to that row, and
        # the nine after an anomaly are not blamed for it.
        result[num_rows - len(left) :] = left[:, -len(self.columns) :]
        return result

    def _check(self, name: str, values: np.ndarray) -> None:
        if name not in self.names:
            raise ValueError(
                f"`name` must be one of {', '.join(self.names)}. Received: "
                f"{name!r}. Choose one of `Baselines.names`."
            )
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
        train_runs: `[time, feature]` each, all columns, raw units. Of more
            than 100,000 rows an even choice is taken; with fewer than 10
            that are measured by half there is no PCA error.

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
    for run in train_runs:
        baselines._check(DISTANCE, run)
    chosen = list(_evenly(train_runs, baselines.columns))
    if not chosen:
        return baselines
    components = _fit_components(baselines._scaled(np.concatenate(chosen)))
    return dataclasses.replace(baselines, components=components)


def _evenly(
    runs: Sequence[np.ndarray], columns: np.ndarray
) -> Iterator[np.ndarray]:
    """Every n-th of all rows, counted on from run to run."""
    stride = max(1, -(-sum(map(len, runs)) // MAX_TRAIN_ROWS))
    num_before = 0
    for run in runs:
        rows = _rows_of(run[:, columns])
        yield rows[-num_before % stride :: stride]
        num_before += len(rows)


def _rows_of(raw: np.ndarray) -> np.ndarray:
    """Rows; of a single column, which has no other to compare, windows."""
    if raw.shape[1] > 1:
        return raw
    if len(raw) < ROWS_A_WINDOW:
        return np.empty((0, ROWS_A_WINDOW))
    return sliding_window_view(raw[:, 0], ROWS_A_WINDOW)


def _fit_components(z: np.ndarray) -> Components | None:
    z = z[_has_enough(z)]
    z = np.where(np.isfinite(z), z, 0.0)
    width = z.shape[1]
    if len(z) < MIN_TRAIN_ROWS:
        return None
    if not np.ptp(z, axis=0).any():
        return Components(z[0], np.zeros((0, width)))
    model = PCA(EXPLAINED_VARIANCE, svd_solver="covariance_eigh").fit(z)
    # With as many components as columns nothing would ever be left.
    return Components(model.mean_, model.components_[: width - 1])


def _has_enough(terms: np.ndarray) -> np.ndarray:
    """Whether at least half of a row is known, `[row]` bool."""
    return 2 * (~np.isnan(terms)).sum(axis=1) >= terms.shape[1]


def _sum_of_known(terms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums over rows, and the terms scaled up so that they add up to them."""
    num_known = (~np.isnan(terms)).sum(axis=1, keepdims=True)
    is_scored = _has_enough(terms)
    terms = terms * (terms.shape[1] / np.maximum(num_known, 1))
    terms[~is_scored] = np.nan
    return np.where(is_scored, np.nansum(terms, axis=1), np.nan), terms


def _joined(parts: Sequence[np.ndarray], is_by_run: bool) -> np.ndarray:
    if is_by_run:
        return np.array([largest(part) for part in parts])
    return np.concatenate([np.zeros(0), *parts])


def _threshold(scores: np.ndarray, labels: np.ndarray) -> float:
    if not (np.isfinite(scores) & (labels != 1)).any():
        return float("nan")
    return Quantile(QuantileSettings()).fit(scores, labels)
