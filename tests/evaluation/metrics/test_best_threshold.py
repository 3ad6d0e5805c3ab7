import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from evaluation.metrics.best_threshold import best_threshold, oracle_gap
from evaluation.metrics.point import point_metrics


def naive_best(scores, labels, beta):
    """F-beta, threshold, precision and recall of the best flags of all."""
    best = (0.0, np.nan, 0.0, 0.0)
    for threshold in sorted(set(scores[(labels != -1) & ~np.isnan(scores)])):
        flags = scores >= threshold
        hits = np.sum(flags & (labels == 1))
        precision = hits / np.sum(flags & (labels != -1))
        recall = hits / np.sum(labels == 1)
        if hits:
            f_beta = (1 + beta**2) * precision * recall
            f_beta /= beta**2 * precision + recall
            if f_beta > best[0] + 1e-12:
                best = (f_beta, threshold, precision, recall)
    return best


def draw(seed):
    generator = np.random.default_rng(seed)
    rows = int(generator.integers(20, 80))
    labels = generator.choice((-1, 0, 1), rows, p=(0.1, 0.7, 0.2))
    labels[0] = 1
    scores = np.round(generator.normal(size=rows) + labels, 1)
    scores[generator.random(rows) < 0.1] = np.nan
    scores[generator.integers(1, rows)] = np.inf
    return scores, labels, float(generator.choice((0.3, 1.0, 2.0)))


@pytest.mark.parametrize("seed", range(200))
def test_agrees_with_naive_twin(seed):
    """Catches ties that are split, rows that leave a count, a wrong beta."""
    scores, labels, beta = draw(seed)
    best = best_threshold(scores, labels, beta)
    assert (
        best.f_beta,
        best.threshold,
        best.precision,
        best.recall,
    ) == pytest.approx(naive_best(scores, labels, beta))
    flags = (scores >= best.threshold) & (labels != -1)
    assert best.num_flagged == flags.sum()
    assert best.beta == beta


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_scikit_learn(seed):
    """Catches a sweep that leaves thresholds out."""
    scores, labels, beta = draw(seed)
    used = (labels != -1) & np.isfinite(scores)
    truth, used_scores = labels[used] == 1, scores[used]
    precision, recall, _ = sklearn_metrics.precision_recall_curve(
        truth, used_scores
    )
    weighted = np.maximum(beta**2 * precision + recall, 1e-300)
    f_beta = (1 + beta**2) * precision * recall / weighted
    best = best_threshold(used_scores, truth.astype(int), beta)
    assert best.f_beta == pytest.approx(f_beta.max())


@pytest.mark.parametrize("seed", range(50))
def test_gap_is_best_minus_deployed(seed):
    """Catches a gap between figures of different rows."""
    scores, labels, _ = draw(seed)
    best = best_threshold(scores, labels)
    for threshold in (-1.0, 0.5, 1.5, np.inf, best.threshold):
        # Unscored rows are flagged as well, and must not count.
        flags = ~(scores < threshold)
        deployed = point_metrics(scores, flags, labels).f1
        gap = oracle_gap(scores, flags, labels)
        assert gap == pytest.approx(best.f_beta - deployed)
        assert gap >= 0
    assert gap == 0


def test_gap_of_another_beta():
    """Catches a beta that reaches only one of the two figures."""
    labels, flags = np.array([0, 1, 1]), np.array([1, 1, 1])
    expected = 1 - sklearn_metrics.fbeta_score(labels, flags, beta=2)
    gap = oracle_gap([0.0, 1.0, 1.0], flags, labels, beta=2.0)
    assert gap == pytest.approx(expected)


def test_nothing_flagged_leaves_all():
    """Catches 0 / 0 at a threshold that is too high."""
    assert oracle_gap([0.0, 1.0], [False, False], [0, 1]) == 1.0


def test_lowest_of_equal_thresholds():
    """Catches the choice that finds fewer anomalies.

    Of 3 anomalies 1 is found with 1 flag, 2 with 5: F1 is 1 / 2 both times.
    """
    labels = [1, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    best = best_threshold(np.arange(10, 0, -1), labels)
    assert (best.f_beta, best.threshold, best.num_flagged) == (0.5, 6.0, 5)


def test_unscored_anomaly_is_missed():
    """Catches an oracle that need not find what has no score."""
    best = best_threshold([np.nan, 1.0, 0.0], [1, 1, 0])
    assert (best.precision, best.recall) == (1.0, 0.5)
    assert best.f_beta == pytest.approx(2 / 3)


def test_no_anomaly_is_scored():
    """Catches a threshold where none finds anything."""
    best = best_threshold([np.nan, 1.0], [1, 0])
    assert (best.f_beta, best.recall, best.num_flagged) == (0.0, 0.0, 0)
    assert np.isnan(best.threshold)
    assert oracle_gap([np.nan, 1.0], [True, True], [1, 0]) == 0.0


@pytest.mark.parametrize("labels", [[0, 0], [-1, 0], []])
def test_no_anomalies_is_not_defined(labels):
    """Catches 0 or 1 where there is nothing to find."""
    scores = np.arange(len(labels))
    best = best_threshold(scores, labels)
    figures = [best.threshold, best.precision, best.recall, best.f_beta]
    assert np.isnan(figures).all()
    assert np.isnan(oracle_gap(scores, scores > 0, labels))


def test_all_anomalous():
    """Catches NaN where flagging all is right."""
    best = best_threshold([1.0, 3.0, 2.0], [1, 1, 1])
    assert (best.threshold, best.f_beta) == (1.0, 1.0)


def test_constant_score():
    """Catches ties that are told apart."""
    best = best_threshold(np.zeros(4), [0, 1, 0, 0])
    assert (best.threshold, best.precision, best.recall) == (0.0, 0.25, 1.0)


def test_infinite_scores():
    """Catches a threshold that is lost beyond the finite ones."""
    best = best_threshold([np.inf, 0.0, -np.inf], [1, 0, 0])
    assert (best.threshold, best.f_beta) == (np.inf, 1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [0, 1]), "one length"),
        (([1.0], [2]), "0, 1 or -1"),
        (([1.0], [1], 0.0), "`beta`"),
        (([1.0], [1], np.nan), "`beta`"),
    ],
)
def test_bad_input(arguments, message):
    """Catches broadcasting, labels of another meaning, a useless beta."""
    with pytest.raises(ValueError, match=message):
        best_threshold(*arguments)


def test_flags_of_other_rows():
    """Catches flags that are broadcast."""
    with pytest.raises(ValueError, match="one length"):
        oracle_gap([1.0, 2.0], [True], [0, 1])
