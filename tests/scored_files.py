"""Results of `inference.predict`, and figures made from them again."""

import numpy as np
import pandas as pd
from sklearn import metrics


def read_scores(path):
    """The result table, numbers as they were written."""
    return pd.read_csv(path, float_precision="round_trip")


def assert_figures_equal(figures, scores, is_flagged, labels):
    """Compares one view of metrics.json with scikit-learn.

    Args:
        figures: of the view.
        scores: `[sample]`, NaN where not scored.
        is_flagged: `[sample]` bool.
        labels: `[sample]`, 0 or 1.
    """
    known = ~np.isnan(scores)
    expected = {
        "precision": metrics.precision_score(labels, is_flagged),
        "recall": metrics.recall_score(labels, is_flagged),
        "f1": metrics.f1_score(labels, is_flagged),
        "auc_pr": metrics.average_precision_score(labels[known], scores[known]),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(figures[name], value, rtol=1e-9)
    assert figures["num_labelled"] == len(labels)
    assert figures["num_anomalous"] == labels.sum()
    assert figures["num_flagged"] == is_flagged.sum()
    assert figures["num_unscored"] == (~known).sum()


def assert_same_scores(found, expected, threshold):
    """The same number everywhere: 1e-5 of the score or the threshold."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    known = ~np.isnan(expected)
    limit = 1e-5 * np.maximum(np.abs(expected[known]), abs(threshold))
    assert (np.abs(found[known] - expected[known]) <= limit).all()
