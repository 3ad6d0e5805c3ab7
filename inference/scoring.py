"""Scores series with an exported detector; only the SavedModel is loaded."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from inference.adaptive_rules import adaptive_rules, judged_anew
from inference.loading import description_of, load_saved_model
from inference.results import (
    StepScores,
    joined,
    scores_of_chunk,
    scores_of_sequences,
)

__all__ = ["CellCounts", "LoadedDetector", "State", "StepScores"]

# Each window of a call is in memory at once, several times over.
CELLS_A_CALL = 2**24
MOST_WINDOWS_A_CALL = 4096
MOST_ROWS_A_CALL = 8192


# What a detector remembers of a series between two chunks, by name.
State = dict[str, Any]


class CellCounts(NamedTuple):
    """Cells without a measurement: NaN, and infinite in the model's dtype."""

    num_missing: int
    num_infinite: int


class LoadedDetector:
    """An exported detector.

    Args:
        model_dir: folder of the SavedModel.

    Attributes:
        model_id: name of the exported model.
        version: its version.
        window_length: time steps a window of the signature
            `serving_default`.
        num_steps_needed: rows of a series up to and with the first that can
            be scored.
        has_forecasts: whether its network tells what it expects of each row.
        is_offline: whether what is said of a row needs the rows that follow
            it: a series can only be scored whole.
        label_kind: "step", "sequence" or "none". Models of kind "sequence"
            score series of exactly `window_length` rows; all others score
            series of any length, from row `num_steps_needed` on.
        feature_names: all columns, in order.
        scored_names: the columns that are scored.
        views: names of the score views.
        schema: the data set it was made from, as a dict.
        config: how it was made, as a dict.
        settings: how it was trained, as a dict; empty where not told.
        series: ids of the series it learned from; empty = all of its data
            set, or not told.
        calibration: the splits of its `statistics` and its `tuning`, and
            the `rule` of its thresholds; empty where not told.
        learned: the numbers of each phase, as in metrics.json; empty where
            not told.
        fusion: whether the view `fused` is anomalous where "any" other view
            is, or "all" are; "none" = there is no such view.

    Raises:
        ValueError: not a folder of a finished model.
    """

    def __init__(self, model_dir: str) -> None:
        self._loaded = load_saved_model(model_dir)
        self._signatures = self._loaded.signatures
        description = description_of(self._loaded)
        self.model_id = str(description["model_id"])
        self.version = str(description["version"])
        self.window_length = int(description["window_length"])
        # Older models do not tell these.
        self.num_steps_needed = int(
            description.get("num_steps_needed", self.window_length)
        )
        self._smooths_at_the_end = bool(description.get("is_offline", False))
        self._slides = bool(description.get("slides", False))
        self.label_kind = str(description["label_kind"])
        self.feature_names = tuple(description["feature_names"])
        self.scored_names = tuple(description["scored_names"])
        self.views = tuple(description["views"])
        self.schema = description["schema"]
        self.config = description["config"]
        # Older models do not tell these.
        self.settings = dict(description.get("settings", {}))
        self.series = tuple(description.get("series", ()))
        self.calibration = dict(description.get("calibration", {}))
        self.learned = dict(description.get("learned", {}))
        self.fusion = str(description.get("fusion", "none"))
        self._adaptive_rules = adaptive_rules(self.settings, self.learned)
        self.is_offline = self._smooths_at_the_end or bool(self._adaptive_rules)
        score_chunk = self._signatures["score_chunk"]
        self.has_forecasts = "forecast" in score_chunk.structured_outputs
        inputs = score_chunk.structured_input_signature[1]
        self.dtype = inputs["values"].dtype.as_numpy_dtype

    @property
    def takes_sequences(self) -> bool:
        """Whether series must have exactly `window_length` rows."""
        return self.label_kind == "sequence"

    def check_view(self, view: str) -> str:
        """Returns the view's name, the first view's for an empty one.

        Raises:
            ValueError: the model has no such view.
        """
        if view and view not in self.views:
            raise ValueError(
                f"`view` must be one of {', '.join(self.views)}. "
                f"Received: view={view!r}"
            )
        return view or self.views[0]

    @property
    def windows_a_call(self) -> int:
        """Windows, one a row of long series, that one call may score."""
        cells_a_window = self.window_length * len(self.feature_names)
        fitting = CELLS_A_CALL // cells_a_window
        return min(max(fitting, 1), MOST_WINDOWS_A_CALL)

    @property
    def rows_a_call(self) -> int:
        """Rows of a long series that one call may score."""
        if self._slides:
            # Where cells are missing, each step has a window of its own.
            cells_a_step = self.num_steps_needed * len(self.feature_names)
            fitting = CELLS_A_CALL // cells_a_step
            return min(max(fitting, 1), MOST_ROWS_A_CALL)
        return self.windows_a_call

    def why_not(self, num_rows: int) -> str:
        """Says why a series of this length cannot be scored; "" = it can."""
        length, needed = self.window_length, self.num_steps_needed
        if self.takes_sequences and num_rows != length:
            return f"this model scores series of exactly {length} rows"
        if num_rows < needed:
            return f"this model needs at least {needed} rows"
        return ""

    def clean(self, values: np.ndarray) -> tuple[np.ndarray, CellCounts]:
        """Casts to the model's dtype; what is not finite becomes NaN.

        Args:
            values: `[..., feature]`, raw units, NaN = not measured.

        Raises:
            ValueError: not a number, or another number of features.
        """
        values = np.asarray(values)
        if values.dtype.kind not in "biuf":
            raise ValueError(
                "`values` must be numbers. Received: an array of "
                f"{values.dtype}. Give NaN where nothing was measured."
            )
        num_features = len(self.feature_names)
        if not values.ndim or values.shape[-1] != num_features:
            raise ValueError(
                f"`values` must have {num_features} features: "
                f"{', '.join(self.feature_names)}. Received: an array of "
                f"shape {values.shape}. Give these columns in this order."
            )
        # A float64 beyond float32's range turns infinite: not a warning, a
        # cell that is counted.
        with np.errstate(over="ignore"):
            cast = values.astype(self.dtype)
        num_missing = int(np.isnan(cast).sum())
        is_unknown = ~np.isfinite(cast)
        cast[is_unknown] = np.nan
        return cast, CellCounts(num_missing, is_unknown.sum() - num_missing)

    def score_series(self, values: np.ndarray, view: str = "") -> StepScores:
        """Scores one series in one view.

        Args:
            values: `[time, feature]`, raw units, NaN = not measured.
            view: one of `views`; empty = the first. For a model of sequences
                a view of features has one score a series, repeated for each
                step.

        Raises:
            ValueError: the view or the shape does not fit.
        """
        view = self.check_view(view)
        return self.score_views(values)[view]

    def score_views(self, values: np.ndarray) -> dict[str, StepScores]:
        """Scores one series in all views.

        Args:
            values: `[time, feature]`, raw units, NaN = not measured.

        Raises:
            ValueError: the shape does not fit.
        """
        values = np.asarray(values)
        problem = self.why_not(len(values)) if values.ndim == 2 else "2 axes"
        if problem:
            raise ValueError(
                "`values` must be `[time, feature]` and long enough: "
                f"{problem}. Received: an array of shape {values.shape}. Give "
                "more rows, or train with another --window_length."
            )
        if self.takes_sequences:
            scores = self.score_sequences(values[np.newaxis])
            return {
                view: StepScores(*(array[0] for array in result))
                for view, result in scores.items()
            }
        return self.score_rows(values, self.start())[0]

    def start(self) -> State:
        """The state before the first row of a series."""
        return dict(self._signatures["initial_state"]())

    def score_rows(
        self, values: np.ndarray, state: State
    ) -> tuple[dict[str, StepScores], State]:
        """Scores the next rows of a series.

        Args:
            values: `[time, feature]`, raw units, NaN = not measured.
            state: from `start`, or from the rows before these.

        Returns:
            View to scores of these rows, and the state after them.

        Raises:
            ValueError: another number of features, or no row.
        """
        values, _ = self.clean(values)
        if values.ndim != 2 or not len(values):
            raise ValueError(
                "`values` must be `[time, feature]` with at least one row. "
                f"Received: an array of shape {values.shape}. Leave out empty "
                "chunks."
            )
        if self.is_offline and int(state["num_seen"]):
            raise ValueError(
                "An offline model scores whole series alone. Received: the "
                f"rows behind {int(state['num_seen'])} others. Give all rows "
                "of the series at once, or use a model that is not offline."
            )
        results = []
        size = self.rows_a_call
        for start in range(0, len(values), size):
            result = self._signatures["score_chunk"](
                values=tf.constant(values[start : start + size]), **state
            )
            state = {name: result[name] for name in state}
            results.append(result)
        if self._smooths_at_the_end:
            results = [self._finished(results)]
        views = {
            view: joined([scores_of_chunk(each, view) for each in results])
            for view in self.views
        }
        for view, rule in self._adaptive_rules.items():
            views[view] = judged_anew(views[view], rule)
        return views, state

    def _finished(self, results: list[dict[str, Any]]) -> dict[str, Any]:
        """What an offline model says of a series, all its chunks together."""
        finish = self._signatures["finish_series"]
        names = finish.structured_input_signature[1]
        kept = {"forecast"} & results[0].keys()
        whole = {
            name: tf.concat([each[name] for each in results], axis=0)
            for name in {*names, *kept}
        }
        finished = finish(**{name: whole[name] for name in names})
        return finished | {name: whole[name] for name in kept}

    def score_sequences(self, values: np.ndarray) -> dict[str, StepScores]:
        """Scores many series of `window_length` rows, a model of sequences.

        Args:
            values: `[series, window_length, feature]`, NaN = not measured.

        Returns:
            View to scores `[series, time]`.

        Raises:
            ValueError: the shape does not fit.
        """
        values, _ = self.clean(values)
        length = self.window_length
        if values.ndim != 3 or values.shape[1] != length or not len(values):
            raise ValueError(
                "`values` must be `[series, time, feature]` with "
                f"{length} time steps, at least one series. Received: an "
                f"array of shape {values.shape}. Drop the others."
            )
        parts: dict[str, list[StepScores]] = {view: [] for view in self.views}
        size = self.windows_a_call
        for start in range(0, len(values), size):
            result = self._signatures["serving_default"](
                values=tf.constant(values[start : start + size])
            )
            for view in self.views:
                parts[view].append(scores_of_sequences(result, view, length))
        return {view: joined(part) for view, part in parts.items()}
