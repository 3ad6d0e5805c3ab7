"""Series that are scored piece by piece, and the same scores of both ways."""

import numpy as np

from inference import scoring

# What every way to serve promises: float32 products depend on their shape.
TOLERANCE = 1e-5


def in_pieces(detector, values, cuts):
    """Scores of the pieces, and the state carried from each to the next."""
    state, parts = detector.start(), []
    edges = [0, *cuts, len(values)]
    for begin, end in zip(edges, edges[1:], strict=False):
        scores, state = detector.score_rows(values[begin:end], state)
        parts.append(scores["time"])
    return scoring.joined(parts), state


def assert_same(one, other):
    for name in ("is_scored", "is_anomaly", "threshold"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_allclose(one.score, other.score, rtol=TOLERANCE)
    np.testing.assert_allclose(
        one.contribution, other.contribution, rtol=TOLERANCE, atol=TOLERANCE
    )
