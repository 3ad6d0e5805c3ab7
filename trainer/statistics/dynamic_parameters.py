"""What dynamic thresholding can be set to."""

import dataclasses
import math

import numpy as np

__all__ = ["DynamicParameters"]


@dataclasses.dataclass(frozen=True)
class DynamicParameters:
    """How thresholds follow a series of errors; all lengths in time steps.

    Attributes:
        steps_a_batch: new errors that are judged together.
        batches_a_history: batches whose errors a threshold rests on.
        smoothing_share: span of the exponential mean, of the history.
        buffer_steps: added to both sides of an error beyond a threshold.
        smallest_drop: from the peak of an anomaly to that of the next one,
            or to the largest other error, relative to the former.
        lowest_deviations: of the thresholds that are tried, in deviations
            from the mean.
        deviations_step: from one to the next.
        deviations_limit: all are below it; stands where none is acceptable.
        most_runs: anomalies that an acceptable threshold may leave.
        largest_share: of the errors; they must be fewer.
        counts_buffer: whether the steps of the buffers count as anomalous
            where thresholds are compared; no = as in the paper.
        error_floor: in the errors' unit: no error up to it is too high, none
            whose mirror image about the mean is not above it too low; not of
            the retrospective rule.
        is_smoothed: the errors are exponential means of this span already.

    Raises:
        ValueError: a value is out of bounds.

    Example:
        >>> parameters = DynamicParameters()
        >>> parameters.history_steps, parameters.span
        (2100, 105)
        >>> parameters.deviations[[0, 1, -1]]
        array([ 2.5,  3. , 11.5])
    """

    steps_a_batch: int = 70
    batches_a_history: int = 30
    smoothing_share: float = 0.05
    buffer_steps: int = 100
    smallest_drop: float = 0.13
    lowest_deviations: float = 2.5
    deviations_step: float = 0.5
    deviations_limit: float = 12.0
    most_runs: int = 5
    largest_share: float = 0.5
    counts_buffer: bool = True
    error_floor: float = 0.0
    is_smoothed: bool = False

    def __post_init__(self) -> None:
        _check(self, "steps_a_batch", 1)
        _check(self, "batches_a_history", 1)
        _check(self, "smoothing_share", 0, 1)
        _check(self, "buffer_steps", 0)
        _check(self, "smallest_drop", 0, 1)
        _check(self, "lowest_deviations", 0)
        _check(self, "deviations_step", 1e-3)
        _check(self, "deviations_limit", self.lowest_deviations)
        _check(self, "most_runs", 1)
        _check(self, "largest_share", 0, 1)
        _check(self, "error_floor", 0)

    @property
    def history_steps(self) -> int:
        """Errors that a threshold rests on."""
        return self.steps_a_batch * self.batches_a_history

    @property
    def deviations(self) -> np.ndarray:
        """`[threshold]`: those that are tried, ascending."""
        return np.arange(
            self.lowest_deviations, self.deviations_limit, self.deviations_step
        )

    @property
    def span(self) -> int:
        """Of the exponential mean; the mean age of its weights, doubled."""
        return max(int(self.history_steps * self.smoothing_share), 1)

    def shortened(self, num_steps: int) -> "DynamicParameters":
        """The same for a series that is shorter than a history.

        It is its own history; span and buffer shrink alike.
        """
        buffer_steps = self.buffer_steps * num_steps // self.history_steps
        return dataclasses.replace(
            self,
            steps_a_batch=num_steps,
            batches_a_history=1,
            buffer_steps=buffer_steps,
        )


def _check(
    parameters: DynamicParameters,
    name: str,
    minimum: float,
    maximum: float = math.inf,
) -> None:
    value = getattr(parameters, name)
    # Also refuses NaN.
    if not minimum <= value <= maximum or math.isinf(value):
        bounds = f"at least {minimum:g}"
        if math.isfinite(maximum):
            bounds += f" and at most {maximum:g}"
        raise ValueError(
            f"`{name}` must be {bounds}. Received: {name}={value}. Choose a "
            "finite number within these bounds."
        )
