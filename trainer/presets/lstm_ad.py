"""LSTM-AD: what an LSTM forecasts, and the Gaussian of its errors.

Malhotra et al. (2015), Long Short Term Memory Networks for Anomaly Detection in
Time Series; flags and defaults are those of the algorithm of this name for
Amazon SageMaker. Its fit to errors without their sign, scored with it, is
`--error=compat`. Training may stop before the last epoch: `--patience=100`
never does.
"""

from trainer.config import Preset

__all__ = ["PRESET"]

PRESET = Preset(
    network="lstm_forecaster",
    scorer="gaussian_log_likelihood",
    threshold_rule="f_beta",
    label_free_threshold_rule="peaks_over_threshold",
    settings={
        "units": (64,),
        "num_layers": 2,
        "dropout": 0.1,
        "context_length": 100,
        "horizon": 10,
        "stride": 10,
        "epochs": 100,
        "patience": 10,
        "seed": 42,
    },
    settings_with_channels={
        "format": "csv",
        "header": False,
        "max_bad_fraction": 0,
        # The network learns from the first 80 %, their last eighth stops it.
        "validation_fraction": 0.1,
        "statistics_fraction": 0.1,
        "tuning_fraction": 0.1,
        "test_fraction": 0,
        "split_gap_rows": 0,
        "metric_lines": True,
    },
    aliases={
        "context-length": "context_length",
        "prediction-length": "horizon",
        "sequence-stride": "stride",
        "num-layers": "num_layers",
        "hidden-size": "units",
        "lr": "learning_rate",
        "batch-size": "batch_size",
    },
)
