"""The LSTM autoencoder against the same network of Keras' layers."""

import statistics
import time

import keras
import numpy as np
import tensorflow as tf

from benchmarks.threads import one_thread
from benchmarks.training import EPOCHS, EpochClock, make, trained_seconds
from trainer.dataset import gather_windows
from trainer.layers.dropout import SeededDropout
from trainer.memory import keep_freed_memory

SIZES = (
    # window, features, windows
    (30, 5, 6_400),
    (100, 38, 1_280),
)
ENCODER, DECODER = (64, 32, 16), (16, 32, 64)
BATCH = 32
REPEATS = 3
DROPPED = (BATCH, 100, 64)


def run() -> list[tuple[str, float, str]]:
    """Ratios of windows a second, all at batch 32."""
    one_thread()
    # As every training run does; it helps both sides.
    keep_freed_memory()
    rows = []
    for length, width, num_windows in SIZES:
        name = f"LSTM autoencoder {length} x {width}"
        ratios, kinds = [], set()
        for _ in range(REPEATS):
            made = _make(length, width, num_windows)
            seconds, kind = trained_seconds(*made, BATCH)
            ratios.append(_fit(length, width, num_windows) / seconds)
            kinds.add(kind)
        rows.append(
            (
                f"{name}: trained windows/s ({', '.join(sorted(kinds))}) / "
                "those of fit",
                statistics.median(ratios),
                "at least 2",
            )
        )
        rows += _scoring(name, length, width, num_windows)
    rows.append(
        (
            f"dropout of {DROPPED} under XLA: seconds of Keras' / of ours",
            _dropout(),
            "",
        )
    )
    return rows


def _fit(length, width, num_windows) -> float:
    """Teacher forced, as it would be written with Keras' layers alone."""
    _, train, _ = _make(length, width, num_windows)
    values = keras.Input((length, width))
    given = keras.Input((length, width))
    hidden, cell = _encoded(values)
    decoded, state = given, [hidden, cell]
    for units in DECODER:
        layer = keras.layers.LSTM(units, return_sequences=True)
        decoded, state = layer(decoded, initial_state=state), None
    model = keras.Model([values, given], keras.layers.Dense(width)(decoded))
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")
    inputs = train.sample(num_windows)
    target = inputs[:, ::-1]
    given = np.pad(target[:, :-1], [(0, 0), (1, 0), (0, 0)])
    clock = EpochClock()
    model.fit(
        [inputs, given],
        target,
        batch_size=BATCH,
        epochs=EPOCHS,
        verbose=0,
        callbacks=[clock],
    )
    return clock.best()


def _encoded(values):
    """What the decoder starts from."""
    for units in ENCODER:
        values, *state = keras.layers.LSTM(
            units, return_sequences=True, return_state=True
        )(values)
    return [keras.layers.Dense(DECODER[0])(each) for each in state]


class _FreeCell(keras.layers.Layer):
    """A step of the decoder that reads what it gave back before."""

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.cells = [keras.layers.LSTMCell(units) for units in DECODER]
        self.head = keras.layers.Dense(width)
        self.output_size = width
        self.state_size = [width]
        for units in DECODER:
            self.state_size += [units, units]

    def build(self, input_shape):
        width = self.output_size
        for cell in self.cells:
            cell.build((None, width))
            width = cell.units
        self.head.build((None, width))
        self.built = True

    def call(self, nothing, states):
        values, after = states[0], []
        for position, cell in enumerate(self.cells):
            before = states[1 + 2 * position : 3 + 2 * position]
            values, state = cell(values, before)
            after += state
        values = self.head(values)
        return values, [values, *after]


def _free_running(length, width):
    """The network as it scores, of Keras' layers."""
    values = keras.Input((length, width))
    state = _encoded(values)
    zeros = [
        keras.ops.zeros_like(values[:, 0, :1]) * np.zeros(units, "f4")
        for units in (width, *np.repeat(DECODER[1:], 2))
    ]
    cell = keras.layers.RNN(_FreeCell(width), return_sequences=True)
    initial = [zeros[0], *state, *zeros[1:]]
    predicted = cell(values[..., :1] * 0, initial_state=initial)
    return keras.Model(values, predicted)


def _scoring(name, length, width, num_windows) -> list[tuple[str, float, str]]:
    detector, windows, _ = _make(length, width, num_windows)
    model = _free_running(length, width)
    # Keras' order: the encoder, its two bridges, the decoder and its head.
    model.set_weights(detector.network.get_weights())
    inputs = windows.sample(num_windows)
    resident = tf.constant(windows.values)

    @tf.function(jit_compile=True)
    def compiled(starts):
        batch = gather_windows(resident, starts, length)
        return detector.residual_parts(batch)["time_view"]

    def ours():
        batches = windows.starts.reshape(-1, BATCH)
        return np.concatenate([compiled(each).numpy() for each in batches])

    def theirs():
        return model.predict(inputs, batch_size=BATCH, verbose=0)

    scale = detector.scaling.scale.numpy()
    gap = np.abs(inputs - ours() * scale - theirs()[:, ::-1]).max()
    ratio = statistics.median(
        _seconds(theirs) / _seconds(ours) for _ in range(REPEATS)
    )
    return [
        (
            f"{name}: scored windows/s / those of predict",
            ratio,
            "at least 2.5",
        ),
        (f"{name}: gap to predict x 1e6", gap * 1e6, "at most 10"),
    ]


def _dropout() -> float:
    ones = tf.ones(DROPPED)
    seed = tf.constant([1, 2])
    keras_dropout = keras.layers.Dropout(0.1, seed=1)
    ours = SeededDropout(0.1, 0)

    def seconds(dropped):
        compiled = tf.function(dropped, jit_compile=True)
        compiled(ones)
        return min(_seconds(lambda: compiled(ones).numpy()) for _ in range(20))

    theirs = seconds(lambda values: keras_dropout(values, training=True))
    return theirs / seconds(lambda values: ours(values, seed))


def _make(length, width, num_windows):
    settings = {"encoder_units": ENCODER, "decoder_units": DECODER}
    return make("lstm_autoencoder", settings, length, width, num_windows)


def _seconds(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
