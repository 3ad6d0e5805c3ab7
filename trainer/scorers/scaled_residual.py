"""Residuals over their usual size in each column, summed and smoothed."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trainer.config import Settings, setting
from trainer.layers.smoothing import CentredMean, ExponentialMean
from trainer.scorers.view_scores import ViewScores, check_positions
from trainer.statistics.column_quantiles import ColumnQuantiles

__all__ = ["ScaledResidual", "ScaledResidualSettings"]


@dataclasses.dataclass(frozen=True)
class ScaledResidualSettings(Settings):
    """Scorer scaled_residual: residuals over their usual size."""

    combination: str = setting(
        "sum",
        "how the columns' terms make one score",
        choices=("sum", "max", "root_sum_square", "top_k"),
    )
    top_k: int = setting(
        3, "columns that count where combination is top_k", minimum=1
    )
    spread_quantile: float = setting(
        0.99,
        "quantile of the distances from the median that is a column's usual "
        "size",
        minimum=0.5,
        maximum=1.0,
    )
    smallest_spread: float = setting(
        0.1, "least usual size, scaled units", minimum=1e-6
    )
    smoothing: str = setting(
        "exponential",
        "mean over time: exponential of the past; centred needs whole series, "
        "so offline only; or none",
        choices=("exponential", "centred", "none"),
    )
    smoothing_span: int = setting(20, "time steps a mean", minimum=1)

    def num_warm_up_steps(self) -> int:
        """Earlier steps that a score depends on, to e**-10 of its weight."""
        smoothing = _smoothing(self)
        return smoothing.warm_up_steps if smoothing else 0


@keras.saving.register_keras_serializable("residua")
class ScaledResidual(keras.layers.Layer):
    """One view, `time`: a score a step, whose terms are the columns' own.

    The term of a column is its residual's distance from the median, over a
    high quantile of such distances on normal data. Columns are taken one by
    one: no covariance is learned, so no direction that hardly ever varies can
    outweigh what people would see.

    Of a network with several parts each makes a total of its own. They are
    summed as log(1 + total / its usual size), so that none outweighs the
    others by its units. Terms are smoothed before anything is made of them.

    Args:
        settings: fields of `ScaledResidualSettings`, others at their defaults.
        window_length: time steps of a window.
        num_scored: features that are scored.
        parts: names of the network's parts.
        delays: steps that each part lags behind what it tells of; () = none.
        stride: of the network; of no use.
        **kwargs: of the Keras layer.
    """

    settings_class = ScaledResidualSettings
    needs = ()
    views = ("time",)
    has_negative_scores = False
    is_step_by_step = True
    score_unit = 0.0

    def __init__(
        self,
        settings: Mapping[str, Any],
        window_length: int,
        num_scored: int,
        parts: Sequence[str],
        delays: Sequence[int] = (),
        stride: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**({"autocast": False} | kwargs))
        self.settings = ScaledResidualSettings(**settings)
        self.window_length = window_length
        self.num_scored = num_scored
        self.parts = tuple(parts)
        self.delays = tuple(delays) or (0,) * len(self.parts)
        self.smoothing = _smoothing(
            self.settings,
            (0, *(delay for delay in self.delays for _ in range(num_scored))),
        )
        shape = (len(self.parts), num_scored)
        self.median = self._weight("median", shape)
        self.spread = self._weight("spread", shape)
        self.total_spread = self._weight("total_spread", shape[:1])
        self.built = True

    def _weight(self, name: str, shape: tuple[int, ...]) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=keras.initializers.Constant(float("nan")),
            dtype="float64",
            trainable=False,
            autocast=False,
        )

    @property
    def num_passes(self) -> int:
        """Passes over normal data: columns, then totals if there are more."""
        return 1 if len(self.parts) == 1 else 2

    @property
    def num_terms(self) -> int:
        """Terms a step: of each column in each part."""
        return len(self.parts) * self.num_scored

    def call(
        self, parts: Mapping[str, tf.Tensor], positions: str = "all"
    ) -> dict[str, ViewScores]:
        """Scores residuals, not smoothed yet.

        Args:
            parts: all parts of the network, each `[batch, time, feature]`
                float, scaled units, NaN = unknown.
            positions: "all" steps are scored, or only the "last" one.

        Returns:
            View `time`: `[batch, time]`; in place of contributions the terms
            of all parts, `[batch, time, part * feature]`, which are what is
            smoothed; `combine` makes the rest of them. A step is scored where
            half of the columns are known in every part.
        """
        terms, is_scored = self._terms(_taken(parts, positions))
        known = ViewScores(terms[..., 0], is_scored, terms)
        score = self.combine({"time": known})["time"].score
        return {"time": ViewScores(score, ~tf.math.is_nan(score), terms)}

    def combine(self, views: Mapping[str, ViewScores]) -> dict[str, ViewScores]:
        """Scores and contributions from terms, smoothed or not.

        Args:
            views: what `call` gave; scores are computed anew.

        Returns:
            View `time`: `[..., time]`, contribution `[..., time, feature]`.
        """
        _, is_scored, all_terms = views["time"]
        terms = tf.split(all_terms, len(self.parts), axis=-1)
        totals = [self._total(each) for each in terms]
        score, contribution = totals[0], terms[0]
        if len(self.parts) > 1:
            logs = [
                tf.math.log1p(total / self.total_spread[position])
                for position, total in enumerate(totals)
            ]
            score = tf.add_n(logs)
            contribution = tf.add_n(list(map(_shared, terms, logs)))
        nothing = tf.constant(float("nan"), tf.float64)
        score = tf.where(is_scored, score, nothing)
        is_scored &= ~tf.math.is_nan(score)
        return {"time": ViewScores(score, is_scored, contribution)}

    def _terms(self, parts):
        """The columns' terms in each part, and where a step is scored."""
        terms = []
        is_scored = tf.constant(True)
        for position, name in enumerate(self.parts):
            residual = tf.cast(parts[name], tf.float64)
            is_known = ~tf.math.is_nan(residual)
            distance = tf.abs(residual - self.median[position])
            term = distance / self.spread[position]
            term = tf.where(is_known, term, tf.zeros_like(term))
            num_known = tf.math.count_nonzero(
                is_known, axis=-1, keepdims=True, dtype=tf.float64
            )
            # As if the columns that are not known were like the others.
            rescaling = self.num_scored / tf.maximum(num_known, 1.0)
            if self.settings.combination == "sum":
                term *= rescaling
            elif self.settings.combination == "root_sum_square":
                term *= tf.sqrt(rescaling)
            terms.append(term)
            is_scored &= 2 * num_known[..., 0] >= self.num_scored
        return tf.concat(terms, axis=-1), is_scored

    def _total(self, terms):
        kind = self.settings.combination
        if kind == "max":
            return tf.reduce_max(terms, axis=-1)
        if kind == "root_sum_square":
            return tf.sqrt(tf.reduce_sum(tf.square(terms), axis=-1))
        if kind == "top_k":
            count = min(self.settings.top_k, self.num_scored)
            return tf.reduce_sum(tf.math.top_k(terms, count).values, axis=-1)
        return tf.reduce_sum(terms, axis=-1)

    def empty_statistics(self, number: int = 0) -> dict[str, ColumnQuantiles]:
        """Statistics of no residuals, to start a pass with.

        Args:
            number: of the pass, from 0 on.
        """
        if number == 0:
            return {
                name: ColumnQuantiles.empty(self.num_scored)
                for name in self.parts
            }
        return {"total": ColumnQuantiles.empty(len(self.parts))}

    def update(
        self,
        statistics: Mapping[str, ColumnQuantiles],
        parts: Mapping[str, np.ndarray],
        positions: str,
    ) -> dict[str, ColumnQuantiles]:
        """Statistics with more normal windows.

        Args:
            statistics: of the windows before; not changed.
            parts: as in `call`, NumPy arrays.
            positions: "all" steps of each window, or only the "last" where
                windows overlap.
        """
        rows = _taken(parts, positions)
        if "total" in statistics:
            terms, is_scored = self._terms(rows)
            totals = map(self._total, tf.split(terms, len(self.parts), -1))
            stacked = np.stack([total.numpy() for total in totals], axis=-1)
            stacked[~is_scored.numpy()] = np.nan
            rows = {"total": stacked}
        return {
            name: before.merge(
                ColumnQuantiles(rows[name].reshape(-1, rows[name].shape[-1]))
            )
            for name, before in statistics.items()
        }

    def merge(
        self,
        one: Mapping[str, ColumnQuantiles],
        other: Mapping[str, ColumnQuantiles],
    ) -> dict[str, ColumnQuantiles]:
        """Statistics of the windows of both."""
        return {name: one[name].merge(other[name]) for name in one}

    def finalize(self, statistics: Mapping[str, ColumnQuantiles]) -> None:
        """Takes the statistics of a whole pass into the weights.

        Raises:
            ValueError: a column has no finite residual.
        """
        quantile = self.settings.spread_quantile
        if "total" in statistics:
            usual = statistics["total"].quantile(quantile)
            if np.isnan(usual).any():
                raise ValueError(
                    "A score needs rows of normal data in which half of the "
                    "scored columns were measured. Received: none. Give "
                    "columns that are hardly measured the role `ignored`."
                )
            smallest = self.settings.smallest_spread
            self.total_spread.assign(np.maximum(usual, smallest))
            return
        medians = [statistics[name].median() for name in self.parts]
        spreads = [statistics[name].distance(quantile) for name in self.parts]
        if np.isnan(medians).any():
            column = int(np.argwhere(np.isnan(medians))[0, 1])
            raise ValueError(
                "Each scored column needs a residual on normal data. Received: "
                f"none in column {column} of {self.num_scored} scored ones. "
                "Give a column that is hardly measured the role `ignored`, "
                "or learn from more rows."
            )
        self.median.assign(np.array(medians))
        self.spread.assign(np.maximum(spreads, self.settings.smallest_spread))

    def reset(self) -> None:
        """Forgets the statistics: nothing is scored any more."""
        for weight in (self.median, self.spread, self.total_spread):
            weight.assign(np.full(weight.shape, np.nan))

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return super().get_config() | {
            "settings": dataclasses.asdict(self.settings),
            "window_length": self.window_length,
            "num_scored": self.num_scored,
            "parts": list(self.parts),
            "delays": list(self.delays),
        }


def _smoothing(
    settings: ScaledResidualSettings, delays: Sequence[int] = ()
) -> ExponentialMean | CentredMean | None:
    if settings.smoothing == "none" or settings.smoothing_span == 1:
        return None
    if settings.smoothing == "centred":
        return CentredMean(settings.smoothing_span, delays)
    return ExponentialMean(settings.smoothing_span)


def _shared(terms, total):
    """Parts a total among terms, by their size; infinite ones take it all."""
    sums = tf.reduce_sum(terms, axis=-1, keepdims=True)
    shares = tf.math.divide_no_nan(terms, sums) * total[..., tf.newaxis]
    return tf.where(tf.math.is_finite(sums), shares, terms)


def _taken(parts: Mapping[str, Any], positions: str) -> dict[str, Any]:
    """The steps that count, of NumPy arrays and tensors alike."""
    start = -1 if check_positions(positions) else 0
    return {name: part[:, start:] for name, part in parts.items()}
