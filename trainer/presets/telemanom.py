"""Telemanom: an LSTM's forecast of a channel, thresholds that follow its errors.

Hundman et al. (2018), Detecting Spacecraft Anomalies Using LSTMs and
Nonparametric Dynamic Thresholding; defaults are those of its program, version
2.0; its `batch_size` is `steps_a_batch` here. A channel is a scored column with its commands as covariates, one model a
channel: `--series=P-1`.
"""

from trainer.config import Preset

__all__ = ["PRESET"]

PRESET = Preset(
    network="lstm_forecaster",
    scorer="smoothed_error",
    threshold_rule="dynamic",
    label_free_threshold_rule="dynamic",
    settings={
        "units": (80,),
        "num_layers": 2,
        "dropout": 0.3,
        "context_length": 250,
        "horizon": 10,
        "forecast_stride": 1,
        "smoothing_span": 105,
        "batch_size": 64,
        "epochs": 35,
        "patience": 10,
    },
    aliases={
        "layers": "units",
        "lstm_batch_size": "batch_size",
        "l_s": "context_length",
        "n_predictions": "horizon",
        "window_size": "batches_a_history",
        "error_buffer": "buffer_steps",
        "p": "smallest_drop",
    },
    ignored_flags={
        "min_delta": "any lower validation error counts",
        "loss_metric": "the loss is the mean squared error",
        "optimizer": "it is Adam",
        "validation_split": "preprocessing splits by time",
        "smoothing_perc": "smoothing_span is in time steps",
    },
)
