"""Forecasts of several steps at once: a series in any pieces."""

import numpy as np
import pytest
from data_sets import make_lstm_forecaster, tuned
from series_in_pieces import assert_same, in_pieces

from inference.scoring import LoadedDetector
from trainer.export import export

CONTEXT = 5
# Steps between forecasts, how they overlap, steps in front without a score.
KINDS = {
    "block": (0, "newest", CONTEXT),
    "newest": (3, "newest", CONTEXT),
    "mean": (2, "mean", CONTEXT + 2),
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request, long_data_set, tmp_path_factory):
    """Name, detector in memory, and the exported one."""
    stride, overlap, _ = KINDS[request.param]
    detector = make_lstm_forecaster(
        long_data_set[1],
        scorer_settings={"smoothing_span": 6},
        forecast_stride=stride,
        overlap=overlap,
    )
    windows = tuned(detector, long_data_set[0])
    path = str(tmp_path_factory.mktemp("blocks") / "model")
    sample = windows.values[:48].reshape(4, 12, 4)
    export(detector, path, "v1", sample, {})
    return request.param, detector, LoadedDetector(path)


@pytest.fixture(scope="module", params=[True, False], ids=["whole", "holes"])
def values(request):
    rows = np.random.default_rng(5).normal(size=(61, 4)).astype("float32")
    if not request.param:
        rows[20, 1] = np.nan
        rows[30:37] = np.nan
    return rows


@pytest.mark.parametrize(
    "cuts", [[1], [CONTEXT], [7, 8, 9], [21, 40], range(1, 61)], ids=str
)
def test_any_pieces_give_the_whole_series(kind, values, cuts):
    """Catches blocks that begin anew with each piece."""
    _, _, loaded = kind
    whole = loaded.score_views(values)["time"]
    pieces, state = in_pieces(loaded, values, cuts)
    assert_same(pieces, whole)
    assert int(state["num_seen"]) == 61


def test_blocks_are_counted_from_the_first_row(kind, values):
    """Catches a step told by a forecast that is older, or knows it.

    What follows a block does not count, nor does what is before its context.
    """
    name, detector, loaded = kind
    num_context = KINDS[name][2]
    assert loaded.num_steps_needed == num_context + 1
    whole = loaded.score_views(values)["time"]
    assert not whole.is_scored[:num_context].any()
    length, stride = detector.block_length, detector.stride
    terms = []
    for begin in range(0, 61 - num_context, stride):
        window = np.full((1, length, 4), np.nan, "float32")
        rows = values[begin : begin + length]
        window[0, : len(rows)] = rows
        terms.append(detector.last_steps(window)["time"].contribution[0])
    terms = np.concatenate(terms)[: 61 - num_context]
    smoothed = np.full_like(terms, np.nan)
    total, weight, decay = np.zeros(4), 0.0, 1 - 2 / 7
    for step, row in enumerate(terms):
        total, weight = decay * total, decay * weight
        if whole.is_scored[num_context + step]:
            total, weight = total + row, weight + 1
            smoothed[step] = total / weight
    np.testing.assert_allclose(
        whole.contribution[num_context:], smoothed, rtol=1e-5
    )
    assert whole.is_scored[num_context:].any()


def test_the_threshold_is_of_scores_as_they_are_served(kind, long_data_set):
    """Catches steps of a block that the rule never sees."""
    _, detector, loaded = kind
    windows = tuned(detector, long_data_set[0])
    served = loaded.score_views(windows.values)["time"]
    num_told = len(windows) * detector.stride
    num_context = detector.num_steps_needed - 1
    told = served.score[num_context : num_context + num_told]
    assert len(served.score) - num_context - num_told < detector.stride
    normal = windows.labels(detector.stride) != 1
    expected = np.quantile(told[normal], 0.99)
    assert detector.thresholds.numpy()[0] == pytest.approx(expected, rel=1e-4)
