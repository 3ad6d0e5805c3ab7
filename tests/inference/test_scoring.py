import numpy as np
import pytest
from fake_model import save_fake_model

from inference import scoring
from inference.scoring import LoadedDetector


@pytest.fixture(scope="module")
def step_detector(step_model):
    return LoadedDetector(step_model)


@pytest.fixture(scope="module")
def sequence_detector(sequence_model):
    return LoadedDetector(sequence_model)


def draw(rows, features=3, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(rows, features)).astype(np.float32)


def naive_time_scores(values):
    """Sum over a and c of |x[t] - x[t - 4]|, row by row."""
    scores = [np.nan] * len(values)
    for t in range(4, len(values)):
        terms = [abs(values[t, j] - values[t - 4, j]) for j in (0, 2)]
        terms = [term for term in terms if not np.isnan(term)]
        scores[t] = sum(terms) if terms else np.nan
    return np.array(scores)


def test_description_is_read(step_detector):
    """Catches names or lengths taken from elsewhere."""
    assert step_detector.feature_names == ("a", "b", "c")
    assert step_detector.scored_names == ("a", "c")
    assert step_detector.window_length == 5
    assert step_detector.model_id == "fake"
    assert not step_detector.takes_sequences


def test_what_newer_models_tell(step_detector, tmp_path):
    """Catches a model without these that no longer loads."""
    assert step_detector.series == ()
    assert step_detector.calibration == {}
    calibration = {"statistics": "train", "tuning": "tuning", "rule": "sigma"}
    path = save_fake_model(tmp_path, series=["x"], calibration=calibration)
    detector = LoadedDetector(path)
    assert detector.series == ("x",)
    assert detector.calibration == calibration


@pytest.mark.parametrize(
    ("window_length", "num_features", "expected"),
    [
        (1, 1, 4096),
        (64, 64, 4096),
        (512, 64, 512),
        (4096, 4095, 1),
        (4096, 4096, 1),
        (4096, 4097, 1),
    ],
)
def test_calls_stay_small(
    step_detector, monkeypatch, window_length, num_features, expected
):
    """Catches gigabytes a call for long windows, and calls of no row."""
    monkeypatch.setattr(step_detector, "window_length", window_length)
    monkeypatch.setattr(step_detector, "feature_names", range(num_features))
    assert step_detector.windows_a_call == expected


def test_sequences_in_small_calls(sequence_detector, monkeypatch):
    """Catches sequences lost or repeated between two calls."""
    values = np.random.default_rng(5).normal(size=(23, 4, 2))
    expected = sequence_detector.score_sequences(values)["time"].score
    sizes = []
    served = sequence_detector._signatures["serving_default"]

    def serve(values):
        sizes.append(len(values))
        return served(values=values)

    monkeypatch.setattr(
        sequence_detector, "_signatures", {"serving_default": serve}
    )
    monkeypatch.setattr(scoring, "CELLS_A_CALL", 5 * 4 * 2)
    found = sequence_detector.score_sequences(values)["time"].score
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert sizes == [5, 5, 5, 5, 3]


def test_long_series_equals_naive_twin(step_detector, monkeypatch):
    """Catches a lost context between chunks, and a last chunk cut off."""
    monkeypatch.setattr(scoring, "MOST_WINDOWS_A_CALL", 7)
    values = draw(45)
    result = step_detector.score_series(values)
    expected = naive_time_scores(values)
    np.testing.assert_allclose(result.score, expected, rtol=1e-6)
    np.testing.assert_array_equal(result.is_scored, np.arange(45) >= 4)
    np.testing.assert_array_equal(result.is_anomaly, expected >= 4.0)
    assert result.contribution.shape == (45, 2)


@pytest.mark.parametrize("length", [5, 4096, 4097, 8192])
def test_chunk_edges(step_detector, length):
    """Catches an empty last chunk, and one chunk of exactly the window."""
    values = draw(length)
    result = step_detector.score_series(values)
    np.testing.assert_allclose(
        result.score, naive_time_scores(values), rtol=1e-6
    )


def test_rows_in_any_pieces_equal_one_series(step_detector):
    """Catches state that is kept in the detector or not handed on."""
    values, other = draw(30), draw(30, seed=1)
    whole = step_detector.score_series(values)
    state, parts = step_detector.start(), []
    for start, stop in ((0, 1), (1, 3), (3, 20), (20, 30)):
        step_detector.score_series(other)
        scores, state = step_detector.score_rows(values[start:stop], state)
        parts.append(scores["time"].score)
    np.testing.assert_array_equal(np.concatenate(parts), whole.score)


def test_feature_view_of_long_series(step_detector):
    """Catches views that are swapped."""
    values = draw(20)
    result = step_detector.score_series(values, "feature")
    terms = np.abs(values[4:] - values[:-4])[:, [0, 2]]
    np.testing.assert_allclose(result.score[4:], terms.max(axis=1), rtol=1e-6)
    assert (result.threshold == 3.0).all()


def test_infinite_cells_are_not_measured(step_detector):
    """Catches infinity that becomes a score, and float64 that overflows."""
    values = draw(12).astype(np.float64)
    values[6] = [np.inf, np.nan, -np.inf]
    values[8, 0] = 1e300
    cleaned, counts = step_detector.clean(values)
    assert counts == (1, 3)
    assert np.isnan(cleaned[6]).all() and np.isnan(cleaned[8, 0])
    assert np.isinf(values).sum() == 2
    result = step_detector.score_series(values)
    assert not result.is_scored[6] and np.isnan(result.score[6])
    assert not result.is_anomaly[6]
    np.testing.assert_allclose(
        result.score, naive_time_scores(cleaned), rtol=1e-6
    )


def test_sequences_in_both_views(sequence_detector):
    """Catches series mixed up within a batch, and views swapped."""
    values = np.random.default_rng(1).normal(size=(3000, 4, 2))
    result = sequence_detector.score_sequences(values)
    expected = np.abs(values).sum(axis=2)
    np.testing.assert_allclose(result["time"].score, expected, rtol=1e-5)
    np.testing.assert_array_equal(
        result["time"].is_anomaly, result["time"].score >= 4.0
    )
    largest = np.abs(values).sum(axis=1).max(axis=1)
    feature = result["feature"]
    np.testing.assert_allclose(
        feature.score, np.repeat(largest[:, None], 4, axis=1), rtol=1e-5
    )
    np.testing.assert_array_equal(feature.is_anomaly, feature.score >= 3.0)
    one = sequence_detector.score_series(values[7], "feature")
    np.testing.assert_array_equal(one.score, feature.score[7])
    assert one.contribution.shape == (4, 2)


def test_unknown_sequence_is_not_normal(sequence_detector):
    """Catches a flag of -1 read as true, or unknown read as normal."""
    values = np.full((1, 4, 2), np.nan)
    for result in sequence_detector.score_sequences(values).values():
        assert not result.is_scored.any()
        assert not result.is_anomaly.any()
        assert np.isnan(result.score).all()


def test_mostly_unknown_sequence(sequence_detector):
    """Catches a sequence judged by less than half of its steps."""
    values = np.full((2, 4, 2), 9.0)
    values[0, 1:] = np.nan
    values[1, 2:] = np.nan
    for result in sequence_detector.score_sequences(values).values():
        np.testing.assert_array_equal(result.is_scored.any(axis=1), [0, 1])
        np.testing.assert_array_equal(result.is_anomaly.any(axis=1), [0, 1])


def test_partly_unknown_sequence(sequence_detector):
    """Catches a NaN step that hides the known ones."""
    values = np.full((1, 4, 2), 9.0)
    values[0, 1] = np.nan
    time = sequence_detector.score_sequences(values)["time"]
    np.testing.assert_array_equal(time.is_scored[0], [1, 0, 1, 1])
    np.testing.assert_array_equal(time.is_anomaly[0], [1, 0, 1, 1])


def test_short_series_is_refused(step_detector, sequence_detector):
    """Catches scores of padding; the message says what is needed."""
    with pytest.raises(ValueError, match="at least 5 rows"):
        step_detector.score_series(draw(4))
    for rows in (3, 5):
        with pytest.raises(ValueError, match="exactly 4 rows"):
            sequence_detector.score_series(draw(rows, 2))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (draw(10, 2), "3 features: a, b, c"),
        (draw(10, 4), "3 features"),
        (np.full((10, 3), "x"), "must be numbers"),
        (draw(10)[:, 0], "time, feature"),
    ],
)
def test_bad_values(step_detector, values, message):
    """Catches an error from deep inside TensorFlow."""
    with pytest.raises(ValueError, match=message):
        step_detector.score_series(values)


def test_unknown_view(step_detector):
    """Catches a KeyError."""
    with pytest.raises(ValueError, match="time, feature.*'both'"):
        step_detector.score_series(draw(10), "both")


def test_first_view_is_the_default(tmp_path):
    """Catches a default view that not every model has."""
    path = save_fake_model(tmp_path, views=["feature", "time"])
    detector = LoadedDetector(path)
    values = draw(10)
    np.testing.assert_array_equal(
        detector.score_series(values).score,
        detector.score_series(values, "feature").score,
    )


def test_empty_input_is_refused(step_detector, sequence_detector):
    """Catches an error about concatenating nothing."""
    with pytest.raises(ValueError, match="at least one row"):
        step_detector.score_rows(draw(0), step_detector.start())
    with pytest.raises(ValueError, match="at least one series"):
        sequence_detector.score_sequences(np.zeros((0, 4, 2)))


def test_not_a_model(tmp_path):
    """Catches TensorFlow's message about a file the user never named."""
    with pytest.raises(ValueError, match="saved_model.pb"):
        LoadedDetector(str(tmp_path))
    save_fake_model(tmp_path / "model")
    with pytest.raises(ValueError, match="Try .*model"):
        LoadedDetector(str(tmp_path))


def test_damaged_model(tmp_path):
    """Catches a traceback from a half-copied model."""
    (tmp_path / "saved_model.pb").write_bytes(b"no model")
    with pytest.raises(ValueError, match="copy it again"):
        LoadedDetector(str(tmp_path))


def test_unfinished_model(tmp_path):
    """Catches a model without all phases that serves anyway."""
    path = save_fake_model(tmp_path / "part", leave_out=("score_chunk",))
    with pytest.raises(ValueError, match="score_chunk"):
        LoadedDetector(path)
    nan = {"time": float("nan"), "feature": 1.0}
    path = save_fake_model(tmp_path / "untuned", thresholds=nan)
    with pytest.raises(ValueError, match="thresholds tuned"):
        LoadedDetector(path).score_series(draw(10))
