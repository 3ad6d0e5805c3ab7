import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from evaluation.metrics import surface
from evaluation.metrics.events import events
from evaluation.metrics.vus import exact_vus, range_auc, vus


def naive_range_auc(scores, labels, window, num_thresholds=None):
    """Range-AUC-PR and range-AUC-ROC, formula by formula."""
    scores, labels = np.asarray(scores, float), np.asarray(labels)
    known = (labels != -1) & ~np.isnan(scores)
    falling = -np.sort(-scores[known])
    places = range(len(falling))
    if num_thresholds:
        places = np.linspace(0, len(falling) - 1, num_thresholds).astype(int)
    soft, ranges = naive_soft_labels(labels, window)
    ranges = [some for some in ranges if known[some].any()]
    is_event = known & (labels == 1)
    if not is_event.any():
        return np.nan, np.nan
    recalls, rates, precisions = [0.0], [0.0], [1.0]
    for threshold in sorted({falling[place] for place in places})[::-1]:
        flags = known & (scores >= threshold)
        hits = soft[flags].sum()
        positives = is_event.sum() + soft[flags & (labels != 1)].sum() / 2
        found = np.mean([flags[some].any() for some in ranges])
        recalls.append(min(hits / positives, 1) * found)
        negatives = known.sum() - positives
        rates.append((flags.sum() - hits) / negatives if negatives else np.nan)
        precisions.append(hits / flags.sum())
    pr = np.dot(np.diff(recalls), precisions[1:])
    return pr, np.trapezoid([*recalls, 1.0], [*rates, 1.0])


def naive_soft_labels(labels, window):
    """`[row]` float, and a bool `[row]` for each range of joined buffers."""
    rows = np.arange(len(labels))
    soft, ranges = np.zeros(len(labels)), []
    for start, stop in events(labels):
        distance = np.maximum(np.maximum(start - rows, rows - stop + 1), 0)
        inside = distance <= window // 2
        soft[inside] += np.sqrt(1 - distance[inside] / max(window, 1))
        if ranges and (ranges[-1] & inside).any():
            inside |= ranges.pop()
        ranges.append(inside)
    return np.minimum(soft, 1.0), ranges


def naive_vus(scores, labels, buffer_length, num_thresholds=None):
    windows = range(buffer_length + 1)
    return np.mean(
        [naive_range_auc(scores, labels, w, num_thresholds) for w in windows],
        axis=0,
    )


def draw(seed):
    """A short series with what is awkward: ties, infinity, unknown, edges."""
    generator = np.random.default_rng(seed)
    rows = int(generator.integers(20, 80))
    labels = np.zeros(rows, int)
    for start in generator.integers(0, rows, generator.integers(1, 5)):
        labels[start : start + generator.integers(1, 8)] = 1
    labels[[0, -1]] |= generator.random(2) < 0.2
    scores = np.round(generator.normal(size=rows) + labels, 1)
    labels[generator.random(rows) < 0.1] = -1
    scores[generator.random(rows) < 0.1] = np.nan
    scores[generator.integers(rows)] = np.inf
    return scores, labels, int(generator.integers(0, 14))


def integer_series(num_rows):
    """Scores without ties and labels, the same on every machine."""
    rows = np.arange(num_rows)
    labels = np.isin(rows % 97, range(40, 52)) | np.isin(rows % 211, (0, 3, 9))
    labels = labels.astype(int)
    return (rows * 7919 % 100_003 + 30_000 * labels).astype(float), labels


def close(figures, expected):
    return pytest.approx(tuple(expected), abs=1e-12, nan_ok=True) == (
        figures.pr,
        figures.roc,
    )


@pytest.mark.parametrize("block", range(10))
def test_agrees_with_naive_twin(block):
    """Catches any slip in buffers, merging, ranks or unknown rows."""
    for seed in range(block * 22, block * 22 + 22):
        scores, labels, length = draw(seed)
        naive = naive_vus(scores, labels, length)
        assert close(vus(scores, labels, length), naive), seed
        assert close(exact_vus(scores, labels, length), naive), seed


@pytest.mark.parametrize("seed", range(20))
def test_range_auc_is_a_slice(seed):
    """Catches a range-AUC of another window, and volumes that are sums."""
    scores, labels, length = draw(seed)
    slices = [range_auc(scores, labels, w) for w in range(length + 1)]
    for window, area in enumerate(slices):
        assert close(area, naive_range_auc(scores, labels, window))
    volume = vus(scores, labels, length)
    assert np.mean([area.pr for area in slices]) == pytest.approx(volume.pr)
    assert volume.buffer_length == slices[-1].buffer_length == length


@pytest.mark.parametrize(
    ("rows", "length", "pr", "roc"),
    [
        (200, 12, 0.5031654038914625, 0.7672597812430163),
        (600, 100, 0.7970055394075158, 0.9404738871739623),
        (1999, 30, 0.6219091288270447, 0.8676657639064085),
    ],
)
def test_golden_values(rows, length, pr, roc):
    """Catches places of the thresholds that are not the customary ones.

    Made with vus 0.0.6: get_metrics(scores, labels, metric="vus",
    slidingWindow=length) on the same series.
    """
    figures = vus(*integer_series(rows), length)
    assert close(figures, (pr, roc))
    assert figures.num_thresholds == min(rows, 250)


def test_places_of_thresholds():
    """Catches thresholds that are rounded up, or taken from the low end."""
    scores, labels = integer_series(600)
    naive = naive_vus(scores, labels, 3, num_thresholds=250)
    assert close(vus(scores, labels, 3), naive)
    exact = exact_vus(scores, labels, 3)
    assert exact.num_thresholds == 600
    assert close(exact, naive_vus(scores, labels, 3))
    assert exact.pr != pytest.approx(naive[0], abs=1e-6)


def test_blocks_join_up(monkeypatch):
    """Catches windows lost or repeated where the surface is cut."""
    scores, labels, _ = draw(1)
    whole = exact_vus(scores, labels, 13)
    monkeypatch.setattr(surface, "BLOCK", 3 * whole.num_thresholds)
    assert exact_vus(scores, labels, 13) == whole


@pytest.mark.parametrize("seed", range(20))
def test_one_event_without_buffer_is_plain_area(seed):
    """Closed form: average precision and ROC area, ties included."""
    generator = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 0], generator.integers(1, 30, 3))
    scores = np.round(generator.normal(size=len(labels)) + labels, 1)
    expected = (
        sklearn_metrics.average_precision_score(labels, scores),
        sklearn_metrics.roc_auc_score(labels, scores),
    )
    assert close(exact_vus(scores, labels, 0), expected)


def test_constant_score():
    """Closed form: all is flagged at once. Catches ties that are split."""
    labels = [0, 0, 0, 0, 1, 1, 0, 0, 0, 0]
    buffer = 2 * np.sqrt([1 / 2, 2 / 3]).sum() / 4
    figures = vus(np.ones(10), labels, 3)
    assert figures.pr == pytest.approx((2 + buffer) / 10)
    assert figures.num_thresholds == 1


def test_scores_rank_only():
    """Catches thresholds between the lowest and the highest score."""
    scores, labels, length = draw(3)
    ranks = np.unique(scores, return_inverse=True)[1].astype(float)
    ranks[np.isnan(scores)] = np.nan
    expected = vus(scores, labels, length)
    assert vus(np.exp(ranks), labels, length) == expected
    assert vus(ranks - 1e9, labels, length) == expected


def test_time_passes_where_unknown():
    """Catches rows dropped before the distances are measured.

    Row 1 is flagged first, two rows away from the event, and the buffer at
    window 3 is one row: no hit. Without row 2 it would be a neighbour.
    """
    scores = [0.0, 3.0, np.nan, 2.0, 0.0, 0.0]
    assert range_auc(scores, [0, 0, 0, 1, 0, 0], 3).pr == 0.5


def test_unscored_event_is_left_out():
    """Catches an event that no score could ever find."""
    labels = [1, 1, 0, 0, 0, 0, 0, 1]
    scores = [np.nan, np.nan, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    assert close(vus(scores, labels, 0), (1.0, 1.0))


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, -1, 0], [-1, -1, -1], []])
def test_no_anomalies_is_not_defined(labels):
    """Catches 0 or 1 where there is nothing to find."""
    for metric in (vus, exact_vus, range_auc):
        figures = metric(np.arange(len(labels)), labels, 4)
        assert np.isnan([figures.pr, figures.roc]).all()


def test_unscored_anomalies_are_not_defined():
    """Catches a division by no positives."""
    figures = vus([np.nan, 1.0, 2.0], [1, 0, 0], 4)
    assert np.isnan([figures.pr, figures.roc]).all()


def test_all_anomalous():
    """Catches a ROC curve without normal rows."""
    figures = vus([1.0, 3.0, 2.0], [1, 1, 1], 4)
    assert figures.pr == pytest.approx(1.0)
    assert np.isnan(figures.roc)


def test_one_row():
    """Catches an index beyond the ends."""
    assert vus([1.0], [1], 100).pr == 1.0


def test_input_is_not_changed():
    """Catches a sort in place."""
    scores, labels, length = draw(5)
    before = scores.copy(), labels.copy()
    vus(scores, labels, length)
    assert np.array_equal(scores, before[0], equal_nan=True)
    assert np.array_equal(labels, before[1])


@pytest.mark.parametrize("metric", [vus, exact_vus, range_auc])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [0, 1]), "one length"),
        (([[1.0]], [[1]]), "flat"),
        (([1.0], [2]), "0, 1 or -1"),
        (([1.0], [1], -1), "whole number"),
        (([1.0], [1], 2.5), "whole number"),
        (([1.0], [1], True), "whole number"),
    ],
)
def test_bad_input(metric, arguments, message):
    """Catches broadcasting, labels of another meaning, half a row."""
    with pytest.raises(ValueError, match=message):
        metric(*arguments)
