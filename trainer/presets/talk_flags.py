"""The flags of the talk's command lines, the same for its three detectors."""

from trainer.config import Preset

__all__ = ["preset"]

# The talk wants all anomalies found (its own beta, 0.05, spares normal
# sequences instead), and cuts a sequence's largest score: further out than
# where one step's would be.
_SETTINGS = {"beta": 2.0, "num_deviations": 5.0}
# The talk's files to tune on are a mixture, half of it anomalous.
_SETTINGS_WITH_PHASE_FILES = {"label_free_threshold_rule": "robust_sigma"}

_ALIASES = {
    "seq_len": "window_length",
    "train_batch_size": "batch_size",
    "reconstruction_epochs": "epochs",
    "latent_vector_size": "feature_latent_size",
    "time_loss_weight": "time_weight",
    "feat_loss_weight": "feature_weight",
    "f_score_beta": "beta",
    "time_thresh_scl": "num_deviations",
    "feat_thresh_scl": "feature_num_deviations",
    "time_anom_thresh": "time_threshold",
    "feat_anom_thresh": "feature_threshold",
    "labeled_tune_thresh": "uses_labels",
    "k_principal_components_time": "num_time_components",
    "k_principal_components_feat": "num_feature_components",
    "reverse_labels_sequence": "reverses_target",
    "lstm_dropout_output_keep_probs": "keep_probabilities",
    "dnn_hidden_units": "head_units",
}
# Two networks have fields of one name for what the talk names apart.
_UNITS = {
    "dense_autoencoder": ("enc_dnn_hidden_units", "dec_dnn_hidden_units"),
    "lstm_autoencoder": ("enc_lstm_hidden_units", "dec_lstm_hidden_units"),
}

_IGNORED_FLAGS = {
    "job-dir": "output_dir names the folder",
    "feat_defaults": "a missing value is filled and masked",
    "eval_batch_size": "evaluation chooses its own batches",
    "previous_train_steps": "the checkpoint knows its phase",
    "train_examples": "the schema counts them",
    "eval_examples": "the schema counts them",
    "start_delay_secs": "evaluation follows each epoch",
    "throttle_secs": "evaluation follows each epoch",
    "autotune_principal_components": (
        "what is not given is chosen from held-out data"
    ),
    "num_time_anom_thresh": "the threshold search is exact",
    "num_feat_anom_thresh": "the threshold search is exact",
    "min_time_anom_thresh": "the threshold search is exact",
    "max_time_anom_thresh": "the threshold search is exact",
    "min_feat_anom_thresh": "the threshold search is exact",
    "max_feat_anom_thresh": "the threshold search is exact",
    "eps": "the ridge follows the scale: relative_ridge",
}


def preset(network: str) -> Preset:
    """One of the talk's three detectors.

    Args:
        network: name in `trainer.models.NETWORKS`.
    """
    return Preset(
        network=network,
        scorer="mahalanobis",
        threshold_rule="f_beta",
        label_free_threshold_rule="quantile",
        settings=_SETTINGS,
        settings_with_phase_files=_SETTINGS_WITH_PHASE_FILES,
        aliases=_aliases(network),
        ignored_flags=_IGNORED_FLAGS,
    )


def _aliases(network: str) -> dict[str, str]:
    """The talk's flag to our field, or to "" where it is another network's.

    The talk gives all flags in each command, whatever it trains.
    """
    units = {}
    for name, flags in _UNITS.items():
        fields = ("encoder_units", "decoder_units")
        for flag, field in zip(flags, fields, strict=True):
            units[flag] = field if name == network else ""
    return _ALIASES | units
