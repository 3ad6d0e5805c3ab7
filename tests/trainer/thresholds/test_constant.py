"""What every rule promises, whichever number it chooses."""

import numpy as np
import pytest

from trainer import config, thresholds
from trainer.thresholds.constant import ConstantRule, apply, clear_of


def make(name):
    rule_class = config.load(thresholds.RULES, name, "threshold rule")
    return rule_class(rule_class.settings_class())


@pytest.fixture(params=sorted(thresholds.RULES))
def rule(request):
    """Each registered rule at its defaults."""
    return make(request.param)


def skip_unless_taken(rule, value):
    """Adaptive rules refuse scores below 0, and square them."""
    if rule.is_adaptive and not 0 <= value <= 1e100:
        pytest.skip("not a score of this rule")


def scores_and_labels():
    generator = np.random.default_rng(1)
    scores = generator.gamma(2.0, size=400)
    labels = np.zeros(400, dtype=np.int8)
    labels[:20] = 1
    labels[20:40] = -1
    scores[:20] += 20.0
    return scores, labels


def test_unknown_scores_change_nothing(rule):
    """Catches NaN as a threshold: nothing would ever be flagged."""
    scores, labels = scores_and_labels()
    threshold = rule.fit(scores, labels)
    with_nan = np.append(scores, [np.nan, np.nan])
    assert np.isfinite(threshold)
    assert rule.fit(with_nan, np.append(labels, [0, 1])) == threshold


def test_infinite_scores_leave_a_finite_threshold(rule):
    """Catches an infinite mean, and a threshold that no server can send."""
    scores, labels = scores_and_labels()
    scores[:5] = np.inf
    threshold = rule.fit(scores, labels)
    assert np.isfinite(threshold)
    assert apply(scores, threshold)[:5].all()
    assert rule.fit(scores, np.where(labels == -1, 0, labels)) < np.inf


def test_known_anomalies_do_not_move_rules_without_labels(rule):
    """Catches thresholds tuned on the anomalies they must find."""
    scores, labels = scores_and_labels()
    threshold = rule.fit(scores, labels)
    moved = np.where(labels == 1, scores + 1e6, scores)
    if not rule.needs_labels:
        assert rule.fit(moved, labels) == threshold
        kept = labels != 1
        assert rule.fit(scores[kept], labels[kept]) == threshold


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 1e300])
def test_equal_scores_are_not_flagged(rule, value):
    """Catches a mean rounded below the scores it is the mean of."""
    skip_unless_taken(rule, value)
    scores = np.full(9, value)
    if not rule.needs_labels:
        threshold = rule.fit(scores, np.zeros(9, dtype=np.int8))
        assert not apply(scores, threshold).any()


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 40.0, 1e-30, 1e100])
@pytest.mark.parametrize("fraction", [0.0, 0.004])
def test_served_scores_of_a_still_series_are_not_flagged(rule, value, fraction):
    """Catches a threshold one float above a tie: a series flagged whole.

    Served scores differ from tuned ones by up to 1e-5, relative.
    """
    skip_unless_taken(rule, value)
    scores = np.full(1000, value)
    scores[: int(1000 * fraction)] = value + 10 * abs(value) + 1.0
    if not rule.needs_labels:
        threshold = rule.fit(scores, np.zeros(1000, dtype=np.int8))
        served = value + 0.9e-5 * abs(value) * np.linspace(-1, 1, 100)
        assert not apply(served, threshold).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clear_of_zero_is_not_zero(dtype):
    """Catches a subnormal step, which TensorFlow and float32 take for 0."""
    assert dtype(clear_of(0.0)) >= np.finfo(np.float32).tiny


class Recorder(ConstantRule):
    """Keeps what a rule is given."""

    needs_labels = False

    def _fit_core(self, tuning):
        self.tuning = tuning
        return 1.0


def test_left_out_scores_keep_their_place_in_time():
    """Catches events joined over a label 1 or an infinite score."""
    recorder = Recorder(None)
    scores = np.array([1.0, np.nan, 2.0, np.inf, 3.0, 4.0])
    labels = np.array([0, 0, -1, 0, 1, 0])
    recorder.fit(scores, labels, steps_per_day=24.0)
    np.testing.assert_array_equal(recorder.tuning.scores, [1.0, 2.0, 4.0])
    np.testing.assert_array_equal(recorder.tuning.labels, [0, -1, 0])
    nan = np.nan
    np.testing.assert_array_equal(
        recorder.tuning.series, [1.0, nan, 2.0, nan, nan, 4.0]
    )
    assert recorder.tuning.steps_per_day == 24.0
    recorder.fit(scores, labels)
    assert np.isnan(recorder.tuning.steps_per_day)


def test_nothing_to_learn_from_is_an_error(rule):
    """Catches a made-up number where no score is there."""
    labels = np.zeros(3, dtype=np.int8)
    for scores in (np.full(3, np.nan), np.full(3, np.inf)):
        with pytest.raises(ValueError, match="at least one finite score"):
            rule.fit(scores, labels)
    with pytest.raises(ValueError, match="at least one finite score"):
        rule.fit(np.zeros(0), np.zeros(0))


def test_shapes_and_labels_are_checked(rule):
    """Catches labels of another split, and labels like 2 or True / -5."""
    with pytest.raises(ValueError, match=r"labels.shape=\(2,\)"):
        rule.fit(np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match=r"scores.shape=\(3, 1\)"):
        rule.fit(np.zeros((3, 1)), np.zeros((3, 1)))
    with pytest.raises(ValueError, match=r"Received: \[0, 2\]"):
        rule.fit(np.zeros(2), np.array([0, 2]))


def test_only_anomalies_are_nothing_to_learn_from():
    """Catches an empty mean after the known anomalies are left out."""
    with pytest.raises(ValueError, match="3 of them labelled 1"):
        make("quantile").fit(np.arange(3.0), np.ones(3))


def test_apply_flags_what_reaches_the_threshold():
    """Catches a strict comparison, and NaN flagged or called infinite."""
    scores = np.array([0.9, 1.0, 1.1, np.nan, np.inf])
    assert apply(scores, 1.0).tolist() == [False, True, True, False, True]
    assert apply(scores, clear_of(1.0)).tolist() == [
        False,
        False,
        True,
        False,
        True,
    ]
