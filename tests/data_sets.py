"""Records written one by one, without our own writer."""

import dataclasses

import numpy as np
import tensorflow as tf

from trainer.dataset import load_windows
from trainer.detector import Detector, DetectorConfig
from trainer.phases import closed_form, error_statistics, threshold_tuning
from trainer.schema import Feature
from trainer.thresholds.quantile import Quantile

SERIES_LENGTH = 400


def feature_of(name, values, role="scored"):
    """A column's schema entry, straight from NumPy."""
    measured = values[np.isfinite(values)].astype(np.float64)
    return Feature(
        name=name,
        role=role,
        count=measured.size,
        missing=int(values.size - measured.size),
        mean=float(measured.mean()),
        variance=float(measured.var(ddof=1)),
        minimum=float(measured.min()),
        maximum=float(measured.max()),
        is_constant=bool(np.ptp(measured) == 0),
        is_binary=bool(np.isin(measured, (0, 1)).all()),
    )


def write_segment(
    writer,
    series_id,
    start,
    values,
    *,
    halo=0,
    follows_gap=False,
    label=None,
    sequence_label=None,
):
    """Writes one record of the data contract by tf.train.Example."""

    def of_bytes(data):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[data]))

    def of_int(number):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[number]))

    features = {
        "series_id": of_bytes(series_id.encode()),
        "start": of_int(start),
        "halo": of_int(halo),
        "length": of_int(len(values)),
        "values": of_bytes(np.ascontiguousarray(values, "<f4").tobytes()),
    }
    if follows_gap:
        features["follows_gap"] = of_int(1)
    if label is not None:
        features["label"] = of_bytes(np.asarray(label, np.int8).tobytes())
    if sequence_label is not None:
        features["sequence_label"] = of_int(sequence_label)
    example = tf.train.Example(features=tf.train.Features(feature=features))
    writer.write(example.SerializeToString())


def wave(rng, length, num_features, start=0):
    """Sines of different period with noise, `[time, feature]`."""
    steps = np.arange(start, start + length)[:, None]
    periods = 7.0 + 3.0 * np.arange(num_features)
    clean = np.sin(2 * np.pi * steps / periods)
    return (clean + 0.1 * rng.standard_normal(clean.shape)).astype("f4")


def make_detector(schema, length=12, **settings):
    """A small dense detector, not trained."""
    config = DetectorConfig(
        network="dense_autoencoder",
        network_settings={
            "encoder_units": (8,),
            "decoder_units": (8,),
            **settings,
        },
        scorer="mahalanobis",
        scorer_settings={},
        window_length=length,
        seed=1,
    )
    return Detector(schema.to_json(), dataclasses.asdict(config))


def make_forecaster(schema, length=12, **scorer_settings):
    """A small linear detector that smooths its scores, not trained."""
    config = DetectorConfig(
        network="vector_autoregression",
        network_settings={"context_length": 5},
        scorer="scaled_residual",
        scorer_settings={"smoothing_span": 6, **scorer_settings},
        window_length=length,
        seed=1,
    )
    return Detector(schema.to_json(), dataclasses.asdict(config))


def make_lstm_forecaster(
    schema, scorer="scaled_residual", scorer_settings=None, **settings
):
    """A small one of context 5 and horizon 4; untrained, but with residuals."""
    small = {"units": (4,), "context_length": 5, "horizon": 4}
    config = DetectorConfig(
        network="lstm_forecaster",
        network_settings=small | settings,
        scorer=scorer,
        scorer_settings=scorer_settings or {},
        window_length=12,
        seed=1,
    )
    detector = Detector(schema.to_json(), dataclasses.asdict(config))
    detector.finish_phase("reconstruction")
    return detector


def tuned_forecaster(data_set, **scorer_settings):
    """The same after all phases, and the windows of tuning."""
    folder, schema = data_set
    detector = make_forecaster(schema, **scorer_settings)
    train, validation = (
        load_windows(folder, schema, name, detector.learning_length)
        for name in ("train", "validation")
    )
    closed_form.run(
        detector,
        [train.sample(len(train))],
        lambda: [validation.sample(len(validation))],
        _skip,
    )
    return detector, tuned(detector, folder)


def tuned(detector, folder):
    """Runs the phases behind the first; the windows of tuning."""
    statistics, tuning = (
        load_windows(
            folder,
            detector.schema,
            name,
            detector.scoring_length,
            detector.stride,
        )
        for name in ("statistics", "tuning")
    )
    error_statistics.run(detector, statistics, _skip, False)
    rules = {"quantile": Quantile(Quantile.settings_class())}
    threshold_tuning.run(detector, tuning, rules, _skip, False)
    return tuning


def _skip(count):
    """Stands in for a progress bar."""
