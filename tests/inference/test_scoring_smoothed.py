"""Smoothed scores: series in any pieces, and offline in one."""

import numpy as np
import pandas as pd
import pytest
from data_sets import tuned_forecaster
from series_in_pieces import TOLERANCE, assert_same, in_pieces

from inference import scoring
from inference.scoring import LoadedDetector
from trainer.export import export

CONTEXT, SPAN = 5, 6


@pytest.fixture(scope="module")
def loaded(long_data_set, tmp_path_factory):
    """Kind of smoothing to the exported detector."""

    def made(smoothing):
        detector, tuning = tuned_forecaster(long_data_set, smoothing=smoothing)
        path = str(tmp_path_factory.mktemp("smoothed") / "model")
        export(detector, path, "v1", tuning.values[:48].reshape(4, 12, 4), {})
        return LoadedDetector(path)

    return {name: made(name) for name in ("exponential", "centred", "none")}


@pytest.fixture(scope="module")
def values(long_data_set):
    """Rows with an anomaly, single cells missing, and a run of nothing."""
    rows = np.random.default_rng(5).normal(size=(300, 4)).astype("float32")
    rows[100:120] *= 9
    rows[30, 1] = np.nan
    rows[105, 2] = np.inf
    rows[150:170] = np.nan
    return rows


@pytest.mark.parametrize("name", ["exponential", "none"])
@pytest.mark.parametrize(
    "cuts",
    [
        [1],
        [CONTEXT, CONTEXT + 1],
        [102, 103, 104, 106],
        [149, 151, 160, 171],
        range(1, 300, 13),
        range(1, 300),
    ],
    ids=str,
)
def test_any_pieces_give_the_whole_series(loaded, values, name, cuts):
    """Catches a mean that begins anew with each piece."""
    whole = loaded[name].score_views(values)["time"]
    pieces, state = in_pieces(loaded[name], values, cuts)
    assert_same(pieces, whole)
    assert int(state["num_seen"]) == 300
    assert whole.is_anomaly[100:120].any()


def test_calls_within_a_series_carry_the_mean_on(loaded, values, monkeypatch):
    """Catches a mean lost between two calls for one long series."""
    for name in ("exponential", "centred", "none"):
        expected = loaded[name].score_views(values)["time"]
        with monkeypatch.context() as patch:
            patch.setattr(scoring, "MOST_ROWS_A_CALL", 37)
            assert_same(loaded[name].score_views(values)["time"], expected)


def test_means_are_those_of_pandas(loaded, values):
    """Catches unknown steps that leave no age, or count as 0."""
    plain = loaded["none"].score_views(values)["time"]
    smooth = loaded["exponential"].score_views(values)["time"]
    np.testing.assert_array_equal(smooth.is_scored, plain.is_scored)
    expected = pd.Series(plain.score).ewm(span=SPAN).mean()
    expected = expected.where(plain.is_scored)
    np.testing.assert_allclose(smooth.score, expected, rtol=TOLERANCE)
    np.testing.assert_allclose(
        smooth.contribution.sum(axis=1), smooth.score, rtol=TOLERANCE
    )


@pytest.mark.parametrize("name", ["exponential", "centred", "none"])
def test_rows_of_nothing_are_unknown(loaded, values, name):
    """Catches an old mean that is given for rows without a value."""
    scores = loaded[name].score_views(values)["time"]
    is_scored = np.ones(300, bool)
    is_scored[:CONTEXT] = False
    is_scored[150:170] = False
    np.testing.assert_array_equal(scores.is_scored, is_scored)
    np.testing.assert_array_equal(np.isnan(scores.score), ~is_scored)
    assert not scores.is_anomaly[~is_scored].any()


@pytest.mark.parametrize("name", ["exponential", "centred", "none"])
def test_flags_are_of_the_smoothed_scores(loaded, values, name):
    """Catches flags taken before the mean, or a step's own left standing."""
    scores = loaded[name].score_views(values)["time"]
    with np.errstate(invalid="ignore"):
        expected = scores.score >= scores.threshold
    np.testing.assert_array_equal(scores.is_anomaly, expected)
    plain = loaded["none"].score_views(values)["time"]
    is_same = (scores.is_anomaly == (plain.score >= scores.threshold)).all()
    assert is_same == (name == "none")


def test_series_do_not_share_their_means(loaded, values):
    """Catches state that is kept in the model and not handed on."""
    detector = loaded["exponential"]
    other = values[::-1] * 3
    expected = [detector.score_views(rows)["time"] for rows in (values, other)]
    states, parts = [detector.start(), detector.start()], [[], []]
    for begin in range(0, 300, 50):
        for number, rows in enumerate((values, other)):
            scores, states[number] = detector.score_rows(
                rows[begin : begin + 50], states[number]
            )
            parts[number].append(scores["time"])
    for found, whole in zip(parts, expected, strict=True):
        assert_same(scoring.joined(found), whole)


def test_values_too_large_are_missing_cells(loaded, values):
    """Catches one infinite cell that all later means are made of."""
    detector = loaded["exponential"]
    missing = values.copy()
    missing[105, 2] = np.nan
    assert_same(
        detector.score_views(values)["time"],
        detector.score_views(missing)["time"],
    )


@pytest.mark.parametrize("name", ["exponential", "centred"])
def test_infinite_residual_is_flagged_and_forgotten(loaded, values, name):
    """Catches an overflow that is not scored, or that never ends."""
    rows = values.copy()
    # Finite as it is, but not over the column's spread.
    rows[60, 0] = 3e38
    scores = loaded[name].score_views(rows)["time"]
    assert np.isposinf(scores.score[60]) and np.isposinf(
        scores.contribution[60, 0]
    )
    assert scores.is_scored[60] and scores.is_anomaly[60]
    rows[60] = np.nan
    expected = loaded[name].score_views(rows)["time"].score
    # The steps behind read other filled values.
    others = np.r_[CONTEXT : 60 - SPAN, 100:150, 170:300]
    np.testing.assert_allclose(
        scores.score[others], expected[others], rtol=1e-5
    )


def test_offline_needs_the_whole_series(loaded, values):
    """Catches means of a piece that were taken without what follows."""
    detector = loaded["centred"]
    assert detector.is_offline and not loaded["exponential"].is_offline
    _, state = detector.score_rows(values[:200], detector.start())
    with pytest.raises(ValueError, match="whole series.*200 others"):
        detector.score_rows(values[200:], state)


def test_offline_means_are_centred(loaded, values):
    """Catches the past alone, a mean taken once, unknown steps as 0."""
    plain = pd.Series(loaded["none"].score_views(values)["time"].score)
    expected = plain
    for _ in range(2):
        # Of 6 steps three are before and two behind.
        padded = pd.concat([expected, pd.Series([np.nan] * 2)])
        expected = padded.rolling(SPAN, min_periods=1).mean().shift(-2)
        expected = expected[: len(plain)].where(plain.notna())
    scores = loaded["centred"].score_views(values)["time"]
    np.testing.assert_allclose(scores.score, expected, rtol=TOLERANCE)
    np.testing.assert_allclose(
        scores.contribution.sum(axis=1), scores.score, rtol=TOLERANCE
    )


@pytest.mark.parametrize("name", ["exponential", "none"])
def test_an_overflow_is_filled_alike_in_any_pieces(loaded, name):
    """Catches a value that is finite until it is scaled."""
    rows = np.random.default_rng(6).normal(size=(100, 4)).astype("float32")
    rows[50, 0], rows[70, 1] = 3e38, np.nan
    whole = loaded[name].score_views(rows)["time"]
    assert_same(in_pieces(loaded[name], rows, [60])[0], whole)
