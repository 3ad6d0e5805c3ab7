"""Pictures of windows and what the network makes of them."""

import warnings
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.detector import Detector

__all__ = ["pictures_of"]

_NUM_FEATURES = 4
_LONGEST_NAME = 80


def pictures_of(detector: Detector, windows: np.ndarray) -> np.ndarray:
    """Draws observed against reconstructed or forecast values.

    Args:
        detector: its network is trained; the first of its parts is drawn.
        windows: `[window, time, feature]`, raw units.

    Returns:
        A picture for each window, `[window, height, width, 4]` uint8.
    """
    values = tf.constant(windows)
    inputs, _ = detector.prepare(values)
    part = detector.network.parts[0]
    residuals = detector.residual_parts(values)[part].numpy()
    # Neither is drawn where nothing was measured.
    residuals[~np.isfinite(residuals)] = np.nan
    num_context = windows.shape[1] - residuals.shape[1]
    residuals = np.pad(
        residuals, ((0, 0), (num_context, 0), (0, 0)), constant_values=np.nan
    )
    scored = tf.gather(inputs, detector.scored_positions, axis=-1).numpy()
    observed = np.where(np.isnan(residuals), np.nan, scored)
    columns = [
        detector.schema.features[position]
        for position in detector.schema.scored_columns
    ]
    # Flat lines only where there is nothing else.
    order = sorted(
        range(len(columns)),
        key=lambda position: columns[position].is_constant,
    )
    shown = sorted(order[:_NUM_FEATURES])
    names = [columns[position].name for position in shown]
    return np.stack(
        [
            _picture(names, each[:, shown], (each - residual)[:, shown])
            for each, residual in zip(observed, residuals, strict=True)
        ]
    )


def _picture(
    names: list[str], observed: np.ndarray, reconstructed: np.ndarray
) -> np.ndarray:
    """One window, a feature a row: `[height, width, 4]` uint8."""
    # Here, since it takes half a second, and most runs draw nothing before
    # they end. Without pyplot, which has state of its own.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 0.6 + 1.6 * len(names)), layout="tight")
    rows: Any = figure.subplots(len(names), sharex=True, squeeze=False)[:, 0]
    for position, (axes, name) in enumerate(zip(rows, names, strict=True)):
        axes.plot(observed[:, position], label="observed")
        axes.plot(reconstructed[:, position], "--", label="reconstructed")
        title = axes.set_title(name[:_LONGEST_NAME], loc="left", fontsize=9)
        # A dollar sign in a name begins no formula.
        title.set_parse_math(False)
    rows[0].legend(loc="upper right")
    rows[-1].set_xlabel("time step; values in scaled units")
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        # Of letters that the font has not: boxes are drawn for them.
        warnings.simplefilter("ignore", UserWarning)
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())
