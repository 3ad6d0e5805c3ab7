"""Means of scores over time: causal ones for streams, and centred ones."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

__all__ = ["CentredMean", "ExponentialMean"]

# A weight below this part of the newest one is lost in float64.
_SMALLEST_WEIGHT = 2.0**-60


class ExponentialMean:
    """Mean of all steps so far, each weighted by `decay ** age`.

    The weights of the steps that were known are divided by their sum, so that
    the first steps are no lower than later ones, and a step that was not
    known has no weight but its place in time. An infinite value stands for
    its own step and is not remembered.

    Args:
        span: mean age of the weights in steps, times 2, plus 1: the decay is
            `1 - 2 / (span + 1)`.

    References:
        Brown (1959), Statistical Forecasting for Inventory Control; the span
        is that of pandas' `ewm(span=..., adjust=True)`.
    """

    is_offline = False

    def __init__(self, span: float) -> None:
        self._decay = 1 - 2 / (span + 1)
        # What was before them weighs less than e**-10.
        self.warm_up_steps = math.ceil(5 * span)

    def initial_state(self, batch_size: Any, width: int) -> dict[str, Any]:
        """The state before the first step.

        Args:
            batch_size: number of series.
            width: values a step.
        """
        return {
            "total": tf.zeros((batch_size, width), tf.float64),
            "weight": tf.zeros((batch_size,), tf.float64),
        }

    def step(self, values, is_known, state):
        """Means at the next steps; any split into chunks gives the same.

        Args:
            values: `[batch, time, width]` float64; the first value of a step
                decides whether it is infinite.
            is_known: `[batch, time]` bool.
            state: from `initial_state`, or of the steps before these.

        Returns:
            Means `[batch, time, width]`, NaN where not known; the new state.
        """
        known = is_known[..., tf.newaxis]
        is_used = known & tf.math.is_finite(values[..., :1])
        # The weights are one more value: each step weighs 1.
        rows = tf.concat([values, tf.ones_like(values[..., :1])], axis=-1)
        rows = tf.where(is_used, rows, tf.zeros_like(rows))
        carried = tf.concat(
            [state["total"], state["weight"][:, tf.newaxis]], axis=-1
        )
        rows = tf.concat([carried[:, tf.newaxis], rows], axis=1)
        sums = self._decayed_sums(rows)
        means = sums[:, 1:, :-1] / sums[:, 1:, -1:]
        nothing = tf.fill(tf.shape(values), tf.constant(math.nan, tf.float64))
        means = tf.where(known, tf.where(is_used, means, values), nothing)
        last = sums[:, -1]
        return means, {"total": last[:, :-1], "weight": last[:, -1]}

    def whole(self, values, is_known):
        """Means over whole series, `[batch, time, width]`."""
        shape = tf.shape(values)
        state = self.initial_state(shape[0], values.shape[-1])
        return self.step(values, is_known, state)[0]

    def _decayed_sums(self, rows):
        """Sum over all steps up to each of `decay ** age` times its row."""
        num_steps = tf.shape(rows)[1]
        shift = 1
        # After the shifts 1, 2, 4, ... a step has summed all that count.
        while self._decay**shift > _SMALLEST_WEIGHT:
            early = rows[:, : tf.maximum(num_steps - shift, 0)]
            missing = num_steps - tf.shape(early)[1]
            early = tf.pad(early, [[0, 0], [missing, 0], [0, 0]])
            rows += self._decay**shift * early
            shift *= 2
        return rows


class CentredMean:
    """Mean over the steps around each one, taken twice; offline only.

    It needs the steps that follow, so a series can only be given whole. As
    far as the series reaches, and over the steps that were known; an infinite
    value stands for its own step alone.

    Args:
        span: steps a mean; of an even number one more before than after.
        delays: for each value of a step, how many steps it lags behind what
            it tells of; () = none does. It is taken from so many steps later,
            near the end from the last one.
    """

    is_offline = True
    warm_up_steps = 0

    def __init__(self, span: int, delays: Sequence[int] = ()) -> None:
        self._span = span
        self._delays = tuple(delays)

    def initial_state(self, batch_size: Any, width: int) -> dict[str, Any]:
        """Nothing needs to be remembered."""
        return {}

    def step(self, values, is_known, state):
        """Gives back `values` and `state`: only a whole series has means."""
        return values, state

    def whole(self, values, is_known):
        """Means over whole series.

        Args:
            values: `[batch, time, width]` float64; the first value of a step
                decides whether it is infinite.
            is_known: `[batch, time]` bool.

        Returns:
            `[batch, time, width]`, NaN where not known.
        """
        known = is_known[..., tf.newaxis]
        is_used = known & tf.math.is_finite(values[..., :1])
        delays = self._delays or (0,) * values.shape[-1]
        columns, first = [], 0
        for delay, group in itertools.groupby(delays):
            behind = first + len(list(group))
            later = _later(values[..., first:behind], delay)
            columns.append(self._twice(later, _later(is_used, delay)))
            first = behind
        means = tf.concat(columns, axis=-1)
        nothing = tf.fill(tf.shape(values), tf.constant(math.nan, tf.float64))
        return tf.where(known, tf.where(is_used, means, values), nothing)

    def _twice(self, values, is_used):
        return self._means(self._means(values, is_used), is_used)

    def _means(self, values, is_used):
        rows = tf.concat([values, tf.ones_like(values[..., :1])], axis=-1)
        rows = tf.where(is_used, rows, tf.zeros_like(rows))
        before = self._span // 2
        after = self._span - 1 - before
        rows = tf.pad(rows, [[0, 0], [before, after], [0, 0]])
        num_steps = tf.shape(values)[1]
        sums = tf.add_n(
            [rows[:, shift : shift + num_steps] for shift in range(self._span)]
        )
        return sums[..., :-1] / sums[..., -1:]


def _later(values, delay: int):
    """Each step's values of `delay` steps later, or of the last step."""
    if not delay:
        return values
    last = tf.shape(values)[1] - 1
    steps = tf.minimum(tf.range(last + 1) + delay, last)
    return tf.gather(values, steps, axis=1)
