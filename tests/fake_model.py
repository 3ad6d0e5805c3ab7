"""A SavedModel with the signatures of an exported detector, by hand.

Its scores have a closed form. Long series: the sum over the scored features
of |x[t] - x[t - window_length + 1]|, hence of the carried context; feature
view: the largest of them. Sequences: the sum over features of |x|; feature
view: the sum over time. A step, a feature of a sequence, and a sequence are
scored where at least half of what they consist of is known.
"""

import json

import numpy as np
import tensorflow as tf

__all__ = ["THRESHOLDS", "save_fake_model"]

THRESHOLDS = {"time": 4.0, "feature": 3.0}


def at_least_half(known, axis):
    share = tf.reduce_mean(tf.cast(known, tf.float64), axis)
    return share >= 0.5


class FakeDetector(tf.Module):
    def __init__(self, description, thresholds=None):
        super().__init__()
        # As text, since modules wrap dicts that are their attributes.
        self.text = json.dumps(description)
        self.length = description["window_length"]
        names = description["feature_names"]
        self.width = len(names)
        self.scored = [names.index(n) for n in description["scored_names"]]
        self.thresholds = thresholds or THRESHOLDS

    def signatures(self):
        length, width, dtype = self.length, self.width, tf.float32
        specs = {
            "describe": (),
            "initial_state": (),
            "score_chunk": (
                tf.TensorSpec((None, width), dtype, "values"),
                tf.TensorSpec((length - 1, width), dtype, "context"),
                tf.TensorSpec((), tf.int64, "num_seen"),
            ),
            "serving_default": (
                tf.TensorSpec((None, length, width), dtype, "values"),
            ),
        }
        return {
            name: tf.function(getattr(self, name)).get_concrete_function(*spec)
            for name, spec in specs.items()
        }

    def describe(self):
        return {"description": tf.constant(self.text)}

    def initial_state(self):
        context = tf.fill((self.length - 1, self.width), np.float32("nan"))
        return {"context": context, "num_seen": tf.constant(0, tf.int64)}

    def score_chunk(self, values, context, num_seen):
        series = tf.concat([context, values], 0)
        num_steps = tf.shape(values)[0]
        early = series[:num_steps]
        terms = tf.cast(tf.abs(values - early), tf.float64)
        terms = tf.gather(terms, self.scored, axis=1)
        known = ~tf.math.is_nan(terms)
        seen = num_seen + tf.range(1, num_steps + 1, dtype=tf.int64)
        is_scored = at_least_half(known, 1) & (seen >= self.length)
        filled = tf.where(known, terms, tf.zeros_like(terms))
        outputs = {
            "context": series[num_steps:],
            "num_seen": num_seen + tf.cast(num_steps, tf.int64),
        }
        for view, score in (
            ("time", tf.reduce_sum(filled, 1)),
            ("feature", tf.reduce_max(filled, 1)),
        ):
            score = tf.where(is_scored, score, np.float64("nan"))
            threshold = tf.constant(self.thresholds[view], tf.float64)
            outputs |= {
                f"{view}_score": score,
                f"{view}_threshold": tf.fill((num_steps,), threshold),
                f"{view}_is_anomaly": (score >= threshold) & is_scored,
                f"{view}_is_scored": is_scored,
                f"{view}_contribution": terms,
            }
        return outputs

    def serving_default(self, values):
        batch = tf.shape(values)[:1]
        terms = tf.cast(tf.abs(values), tf.float64)
        terms = tf.gather(terms, self.scored, axis=2)
        known = ~tf.math.is_nan(terms)
        filled = tf.where(known, terms, tf.zeros_like(terms))
        outputs = {
            "model_id": tf.fill(batch, "fake"),
            "version": tf.fill(batch, "1"),
            "time_contribution": terms,
            "feature_contribution": tf.reduce_sum(filled, 1),
        }
        for view, axis in (("time", 2), ("feature", 1)):
            is_scored = at_least_half(known, axis)
            score = tf.where(
                is_scored, tf.reduce_sum(filled, axis), np.float64("nan")
            )
            threshold = tf.constant(self.thresholds[view], tf.float64)
            flag = tf.reduce_any((score >= threshold) & is_scored, 1)
            outputs |= {
                f"{view}_score": score,
                f"{view}_threshold": tf.fill(batch, threshold),
                f"{view}_is_anomaly": tf.where(
                    at_least_half(is_scored, 1),
                    tf.cast(flag, tf.int64),
                    tf.constant(-1, tf.int64),
                ),
                f"{view}_is_scored": is_scored,
            }
        return outputs


def save_fake_model(
    folder,
    *,
    label_kind="step",
    window_length=5,
    names=("a", "b", "c"),
    scored=None,
    reader=None,
    period_seconds=0.0,
    thresholds=None,
    leave_out=(),
    **told,
):
    """Writes the fake model and returns its folder as text.

    What is `told` stands in the description too.
    """
    description = {
        "model_id": "fake",
        "version": "1",
        "window_length": window_length,
        "label_kind": label_kind,
        "feature_names": list(names),
        "scored_names": list(scored or names),
        "views": ["time", "feature"],
        "schema": {
            "reader": reader or {"format": "csv"},
            "sampling_period_seconds": period_seconds,
        },
        "config": {"network": "fake"},
    } | told
    module = FakeDetector(description, thresholds)
    signatures = {
        name: function
        for name, function in module.signatures().items()
        if name not in leave_out
    }
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return str(folder)
