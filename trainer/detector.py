"""The detector: scaling, network, scorer and thresholds in one model."""

import dataclasses
import json
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trainer.config import load
from trainer.layers.missing import fill_forward, is_observed
from trainer.layers.scaling import Scaling
from trainer.models import NETWORKS
from trainer.replica_share import apply_summed, whole_batch
from trainer.schema import Schema
from trainer.scorers import SCORERS
from trainer.scorers.view_scores import ViewScores, smoothed_whole

__all__ = ["Detector", "DetectorConfig", "half_known"]

PHASES_DONE = {"nothing": 0, "reconstruction": 1, "statistics": 2, "tuned": 3}


@dataclasses.dataclass(frozen=True)
class DetectorConfig:
    """What fixes a detector's variables, beside its schema.

    Attributes:
        network: name of the network.
        network_settings: its field values.
        scorer: name of the scorer.
        scorer_settings: its field values.
        window_length: time steps a window.
        seed: of the initial weights.
    """

    network: str
    network_settings: dict[str, Any]
    scorer: str
    scorer_settings: dict[str, Any]
    window_length: int
    seed: int


def half_known(is_known):
    """Whether at least half of the entries are known: `[batch, entry]` bool."""
    count = tf.reduce_sum(tf.cast(is_known, tf.int32), axis=1)
    return 2 * count >= tf.shape(is_known)[1]


def _largest(views, is_known):
    """Of each window the largest score, where half of its entries have one."""
    result = {}
    for view, scores in views.items():
        is_scored = half_known(scores.is_scored) & is_known
        lowest = np.float64("-inf")
        known = tf.where(scores.is_scored, scores.score, lowest)
        largest = tf.reduce_max(known, axis=1)
        score = tf.where(is_scored, largest, np.float64("nan"))
        result[view] = score, is_scored, scores
    return result


@keras.saving.register_keras_serializable("residua")
class Detector(keras.Model):
    """Raw windows in, anomaly scores out; everything it reads is a weight.

    Args:
        schema: text of the data set's schema.
        config: field values of `DetectorConfig`.
    """

    def __init__(self, schema: str, config: dict[str, Any], **kwargs):
        super().__init__(**kwargs)
        self.schema_text = schema
        self.schema = Schema.from_json(schema)
        # Lists for tuples, as a saved detector gives its settings back.
        config = json.loads(json.dumps(config))
        self.detector_config = DetectorConfig(**config)
        inputs = self.schema.input_columns
        scored = self.schema.scored_columns
        self.input_columns = inputs
        self.scored_positions = tuple(inputs.index(column) for column in scored)
        self.window_length = self.detector_config.window_length
        self.scaling = Scaling(len(inputs))
        network = load(NETWORKS, self.detector_config.network, "network")
        self.network = network(
            self.detector_config.network_settings,
            self.window_length,
            len(inputs),
            self.scored_positions,
            self.detector_config.seed,
        )
        scorer = load(SCORERS, self.detector_config.scorer, "scorer")
        missing = set(scorer.needs) - set(network.parts)
        if missing:
            raise ValueError(
                f"The scorer {self.detector_config.scorer} needs the parts "
                f"{', '.join(scorer.needs)}; the network "
                f"{self.detector_config.network} gives "
                f"{', '.join(network.parts)}. Choose another of the two."
            )
        self.scorer = scorer(
            self.detector_config.scorer_settings,
            self.window_length,
            len(scored),
            network.parts,
            self.network.delays,
            self.network.stride,
        )
        self.loss_mean = keras.metrics.Mean(name="loss")
        self.part_errors = [
            keras.metrics.RootMeanSquaredError(name=f"{part}_rmse")
            for part in network.parts
        ]
        self.build()

    def build(self, input_shape=None):
        """Makes all weights; the shapes follow from the constructor."""
        num_inputs = len(self.input_columns)
        window = (None, self.window_length, num_inputs)
        self.scaling.build(window)
        self.network.build(window)
        self.thresholds = self.add_weight(
            name="thresholds",
            shape=(len(self.views),),
            dtype="float64",
            initializer=keras.initializers.Constant(float("nan")),
            trainable=False,
            autocast=False,
        )
        self.phase_done = self.add_weight(
            name="phase_done", shape=(), dtype="int32", trainable=False
        )
        columns = [self.schema.features[i] for i in self.input_columns]
        self.scaling.set_from(
            **{
                name: np.array([getattr(column, name) for column in columns])
                for name in (
                    "mean",
                    "variance",
                    "minimum",
                    "maximum",
                    "is_constant",
                )
            }
        )
        self.built = True

    @property
    def num_steps_needed(self) -> int:
        """Steps of a series up to and with the first that can be scored."""
        if self.network.slides:
            return self.network.context_length + 1
        return self.window_length

    @property
    def is_offline(self) -> bool:
        """Whether a step's score needs the steps that follow it."""
        smoothing = self.scorer.smoothing
        return smoothing is not None and smoothing.is_offline

    @property
    def is_of_sequences(self) -> bool:
        """Whether each series is one window, labelled as a whole."""
        return self.schema.label_kind == "sequence"

    @property
    def stride(self) -> int:
        """Steps of a series that one window tells: its last ones."""
        return self.network.stride

    @property
    def scoring_length(self) -> int:
        """Time steps of the windows that error statistics and rules need."""
        return self.window_length if self.is_of_sequences else self.block_length

    @property
    def block_length(self) -> int:
        """Time steps of a window that tells `stride` steps of a series."""
        return self.num_steps_needed + self.stride - 1

    @property
    def learning_length(self) -> int:
        """Time steps of the windows that the network learns from."""
        return self.network.learning_length or self.scoring_length

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the scorer's views, in the order of `thresholds`."""
        return self.scorer.views

    @property
    def metrics(self):
        """Loss and root mean squared error of each part, scaled units."""
        return [self.loss_mean, *self.part_errors]

    def _scaled(self, values):
        """The columns that networks read, NaN or infinite where unknown."""
        return self.scaling(tf.gather(values, self.input_columns, axis=-1))

    def prepare(self, values):
        """Raw windows to what networks read.

        Args:
            values: `[batch, time, feature]`, all columns, raw units.

        Returns:
            values `[batch, time, input feature]` float32, scaled and filled;
            observed `[batch, time, scored feature]` bool.
        """
        scaled = self._scaled(values)
        observed = tf.gather(
            is_observed(scaled), self.scored_positions, axis=-1
        )
        fallback = tf.zeros((len(self.input_columns),), scaled.dtype)
        return fill_forward(scaled, fallback), observed

    def residual_parts(self, values):
        """Parts of raw windows, NaN where nothing was measured.

        A column that was constant in train is taken to stay so: its residual
        is its scaled value, 0 until it moves, whatever the network gives.

        Args:
            values: `[batch, time, feature]`, raw units.

        Returns:
            Part name to `[batch, scored time, scored feature]` float32: of
            the steps behind the network's context. Infinite where a measured
            value is too large to be scaled.
        """
        return self._told(values)[0]

    def _told(self, values):
        """The same, and forecasts in raw units by name, if there are any."""
        inputs, observed = self.prepare(values)
        behind = slice(self.network.context_length, None)
        observed = observed[:, behind]
        scored = tf.gather(inputs[:, behind], self.scored_positions, axis=-1)
        is_constant, mean, scale = (
            tf.gather(tf.convert_to_tensor(weight), self.scored_positions)
            for weight in (
                self.scaling.is_constant > 0,
                self.scaling.mean,
                self.scaling.scale,
            )
        )
        raw = tf.gather(values[:, behind], self.schema.scored_columns, axis=-1)
        instead = tf.where(
            is_observed(raw), np.float32("inf"), np.float32("nan")
        )
        residuals = {
            name: tf.where(is_constant, scored, part)
            for name, part in self.network(inputs).items()
        }
        forecasts = {
            name: mean + tf.cast(scored - part, tf.float64) * scale
            for name, part in residuals.items()
            if name == "forecast"
        }
        parts = {
            name: tf.where(observed, part, instead)
            for name, part in residuals.items()
        }
        return parts, forecasts

    def call(self, values, positions="all"):
        """Scores raw windows, each as if it were a whole series.

        Args:
            values: `[batch, time, feature]`, raw units.
            positions: "all" steps of each window, or only the "last".

        Returns:
            View name to the scorer's `ViewScores`, of the steps behind the
            network's context.
        """
        views = self.scorer(self.residual_parts(values), positions=positions)
        return self._whole(views)

    def _whole(self, views):
        """Scores of whole series from what the scorer gave."""
        smoothing = self.scorer.smoothing
        return self.scorer.combine(smoothed_whole(smoothing, views))

    def window_scores(self, values):
        """One score a sequence and view: the largest that could be had.

        Args:
            values: `[batch, time, feature]`, raw units.

        Returns:
            View name to scores `[batch]` float64, NaN where fewer than half
            of a sequence's entries have one.
        """
        scored = _largest(self(values), True)
        return {view: score for view, (score, _, _) in scored.items()}

    def last_steps(self, values):
        """Scores the last steps of windows, not smoothed and not combined.

        Args:
            values: `[batch, block_length, feature]`, raw units.

        Returns:
            View name to `ViewScores` of each window's last `stride` steps,
            `[batch, stride]`.
        """
        return self._last_steps(values)[0]

    def _last_steps(self, values):
        """The same, and forecasts `[batch, stride, feature]` by name."""
        parts, forecasts = self._told(values)
        if self.network.slides:
            return self.scorer(parts), forecasts
        views = self.scorer(parts, positions="last")
        is_known = ~tf.math.is_nan(parts[self.network.parts[0]])
        found = _largest(views, half_known(is_known[:, -1]))
        return {
            view: ViewScores(
                score[:, tf.newaxis],
                is_scored[:, tf.newaxis],
                tf.reshape(
                    scores.contribution,
                    (tf.shape(score)[0], 1, scores.contribution.shape[-1]),
                ),
            )
            for view, (score, is_scored, scores) in found.items()
        }, {name: each[:, -1:] for name, each in forecasts.items()}

    def step_scores(self, series):
        """Scores each step of a series by those up to it, as `last_steps`.

        Args:
            series: `[time, feature]`, raw units; its first row is the first
                that a block is told from.

        Returns:
            View name to `ViewScores` without a batch, of the steps from
            `num_steps_needed` on; and, where the network has a part forecast,
            that name to `[time, scored feature]` float64, raw units.
        """
        if not (self.network.slides and self.scorer.is_step_by_step):
            return self._scores_by_window(series)
        # What is missing is filled from within the window alone.
        return tf.cond(
            tf.reduce_all(is_observed(self._scaled(series))),
            lambda: self._scores_at_once(series),
            lambda: self._scores_by_window(series),
        )

    def _scores_by_window(self, series):
        """The same block by block, each from a window of its own."""
        num_steps = tf.shape(series)[0] - self.num_steps_needed + 1
        first = tf.range(0, num_steps, self.stride)[:, tf.newaxis]
        # The last block may not be whole yet.
        missing = np.nan * np.ones((self.stride - 1, series.shape[1]))
        whole = tf.concat([series, tf.cast(missing, series.dtype)], 0)
        steps = first + tf.range(self.block_length)
        return tf.nest.map_structure(
            lambda each: tf.reshape(each, (-1, *each.shape[2:]))[:num_steps],
            self._last_steps(tf.gather(whole, steps)),
        )

    def _scores_at_once(self, series):
        """The same, of a series in which every value was measured."""
        parts, forecasts = self._told(series[tf.newaxis])
        return tf.nest.map_structure(
            lambda each: each[0], (self.scorer(parts), forecasts)
        )

    @property
    def positions(self) -> str:
        """Which steps behind the context count: "all", or the "last"."""
        is_whole = self.is_of_sequences or self.network.slides
        return "all" if is_whole else "last"

    def train_step(self, values):
        """One gradient step; Keras' `fit` and both our drivers call it.

        Args:
            values: `[batch, time, feature]`, raw units; on several replicas
                each sees its share of the batch, which may be empty.
        """
        inputs, observed = self.prepare(values)
        with tf.GradientTape() as tape:
            residuals = self.network.learn(inputs, seed=self._step_seed())
            observed = self._observed_of(residuals, observed)
            loss = self.network.loss(residuals, observed)
        weights = self.network.trainable_variables
        gradients = tape.gradient(loss, weights)
        loss, num_windows, gradients = whole_batch(loss, observed, gradients)
        apply_summed(self.optimizer, gradients, weights)
        self.loss_mean.update_state(loss, num_windows)
        return {"loss": self.loss_mean.result()}

    def _observed_of(self, residuals, observed):
        """Where values were observed, of the steps that residuals are of.

        Args:
            residuals: what `network.learn` gave.
            observed: `[batch, time, scored feature]` bool, of whole windows.
        """
        num_steps = residuals[self.network.parts[0]].shape[1]
        return observed[:, -num_steps:]

    def _step_seed(self):
        """Of this step on this replica, int32 `[2]`.

        The optimizer's count is kept in checkpoints: a resumed run draws what
        an undisturbed one draws.
        """
        context = tf.distribute.get_replica_context()
        replica = tf.cast(context.replica_id_in_sync_group, tf.int32)
        of_run = tf.stack([self.detector_config.seed, replica])
        step = tf.cast(self.optimizer.iterations, tf.int32)
        return tf.random.fold_in(of_run, step, alg="philox")

    def test_step(self, values):
        """Adds one batch to loss and errors."""
        inputs, observed = self.prepare(values)
        residuals = self.network.learn(inputs)
        observed = self._observed_of(residuals, observed)
        loss = self.network.loss(residuals, observed)
        loss, num_windows, _ = whole_batch(loss, observed)
        self.loss_mean.update_state(loss, num_windows)
        for metric, part in zip(
            self.part_errors, self.network.parts, strict=True
        ):
            residual = residuals[part]
            mask = tf.cast(observed, residual.dtype)
            metric.update_state(tf.zeros_like(residual), residual, mask)
        return {metric.name: metric.result() for metric in self.metrics}

    @property
    def state_variables(self) -> list[keras.Variable]:
        """Weights and random states: all but what metrics count."""
        metrics = {id(variable) for variable in self.metrics_variables}
        return [each for each in self.variables if id(each) not in metrics]

    def start_phase(self, needed: str, command: str) -> None:
        """Checks the order of phases and forgets what follows `needed`.

        Args:
            needed: what must have been done, a key of `PHASES_DONE`.
            command: the training mode that does it, for the message.

        Raises:
            ValueError: it has not been done.
        """
        level = PHASES_DONE[needed]
        if int(self.phase_done.numpy()) < level:
            raise ValueError(
                "Phases run in order. Received: a detector for which the "
                f"phase before has not finished; run --training_mode={command}"
                " first, or --training_mode=all."
            )
        self.phase_done.assign(level)
        self.thresholds.assign(np.full(len(self.views), np.nan))
        if level < PHASES_DONE["statistics"]:
            self.scorer.reset()

    def finish_phase(self, reached: str) -> None:
        """Notes which phase the weights have reached."""
        self.phase_done.assign(PHASES_DONE[reached])

    def check_finished(self) -> None:
        """Raises ValueError unless all three phases are done."""
        if int(self.phase_done.numpy()) < PHASES_DONE["tuned"]:
            raise ValueError(
                "A detector serves only after all three phases. Received: "
                f"phase {int(self.phase_done.numpy())} of 3; run the remaining "
                "--training_mode."
            )

    def get_config(self):
        """The constructor's arguments."""
        return {
            "schema": self.schema_text,
            "config": dataclasses.asdict(self.detector_config),
        }

    def describe(self) -> dict[str, Any]:
        """What a reader of the exported model may want to know."""
        schema = json.loads(self.schema_text)
        names = self.schema.feature_names
        return {
            "window_length": self.window_length,
            "num_steps_needed": self.num_steps_needed,
            "stride": self.stride,
            "slides": self.network.slides,
            "is_offline": self.is_offline,
            "label_kind": self.schema.label_kind,
            "feature_names": names,
            "scored_names": [names[i] for i in self.schema.scored_columns],
            "views": self.views,
            "schema": schema,
            "config": dataclasses.asdict(self.detector_config),
        }
