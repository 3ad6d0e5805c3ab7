"""Events to look at: what they are, their order, and what fills them up."""

import numpy as np
import pytest

from evaluation.notable_events import (
    SeriesScores,
    notable_events,
    strangest,
)

NAMES = ("a", "b", "c", "d")


def series_of(scores, threshold=2.0, **changes):
    scores = np.asarray(scores, np.float64)
    series = SeriesScores(
        series_id="pump",
        start=100,
        scores=scores,
        thresholds=np.full(len(scores), threshold),
        is_anomaly=scores >= threshold,
        contributions=np.tile([1.0, 4.0, 3.0, 2.0], (len(scores), 1)),
        labels=np.zeros(len(scores), np.int8),
        timestamps=None,
    )
    return series._replace(**changes)


def found_in(scores, window_length=2, limit=9, **changes):
    return notable_events(
        series_of(scores, **changes), NAMES, window_length, limit
    )


def rows_of(found):
    return [(event.start_row, event.stop_row) for event in found]


def test_an_event_is_described():
    """Catches rows counted from 0, and the terms of another row."""
    contributions = np.tile([1.0, 4.0, 3.0, 2.0], (6, 1))
    contributions[3] = [5.0, -1.0, 0.0, 6.0]
    (event,) = found_in(
        [1, 1, 3, 8, 3, 1],
        limit=1,
        contributions=contributions,
        timestamps=np.arange(6) * 1_000_000,
    )
    assert event == (
        "pump", 102, 105, 2_000_000, 4.0, 103, (("d", 0.6), ("a", 0.5)),
        True, False,
    )  # fmt: skip
    assert isinstance(event.start_time, int)


@pytest.mark.parametrize(
    "window_length, expected",
    [
        (1, [(101, 102), (103, 104), (106, 107)]),
        (2, [(101, 104), (106, 107)]),
        (3, [(101, 107)]),
    ],
)
def test_neighbours_within_a_window_are_one(window_length, expected):
    """Catches a gap counted with its ends."""
    found = found_in([1, 3, 1, 3, 1, 1, 3], window_length, limit=3)
    flagged = [event for event in found if event.is_flagged]
    assert rows_of(flagged) == expected


def test_order_is_that_of_the_ratios():
    """Catches an order of scores where thresholds differ, or of rows."""
    thresholds = np.array([2.0, 2.0, 2.0, 10.0, 2.0, 2.0, 2.0])
    scores = np.array([4.0, 1.0, 1.0, 12.0, 1.0, 1.0, 6.0])
    found = found_in(
        scores,
        window_length=1,
        limit=3,
        thresholds=thresholds,
        is_anomaly=scores >= thresholds,
    )
    assert rows_of(found) == [(106, 107), (100, 101), (103, 104)]
    assert [event.peak_ratio for event in found] == [3.0, 2.0, 1.2]
    assert len(found_in(scores, limit=1)) == 1


def test_unflagged_peaks_fill_up():
    """Catches a shoulder of an event, or of a peak, shown as another one."""
    scores = [0.1, 0.2, 1.9, 1.0, 5.0, 1.8, 1.7, 1.5, 0.3, 0.2, 0.9, 1.6]
    found = found_in(scores, window_length=2, limit=4)
    assert rows_of(found) == [
        (104, 105),
        (111, 112),
        (107, 108),
        (101, 102),
    ]
    assert [event.is_flagged for event in found] == [True] + [False] * 3
    assert found[1].peak_ratio == 0.8 and found[1].peak_row == 111
    assert rows_of(found_in(scores, 2, limit=2)) == rows_of(found)[:2]


@pytest.mark.parametrize(
    "labels, expected",
    [([0, 0], False), ([0, 1], True), ([-1, 1], True), ([0, -1], None)],
)
def test_unknown_labels_are_not_normal(labels, expected):
    """Catches -1 taken for 0."""
    (event,) = found_in([3.0, 3.0], limit=1, labels=np.array(labels))
    assert event.is_labelled is expected


def test_unscored_rows_are_neither_events_nor_peaks():
    """Catches NaN ranked first, and flags without a score."""
    scores = np.array([np.nan, 3.0, np.nan, np.nan, 1.0])
    flags = np.array([True, True, True, True, False])
    found = found_in(scores, window_length=1, is_anomaly=flags)
    assert rows_of(found) == [(101, 102), (104, 105)]
    assert [event.is_flagged for event in found] == [True, False]
    assert found_in(np.full(5, np.nan), is_anomaly=flags) == []
    no_threshold = np.full(5, np.nan)
    assert found_in(scores, is_anomaly=flags, thresholds=no_threshold) == []


def test_order_where_thresholds_have_no_ratio():
    """Catches a sign that turns the order round."""
    scores = np.array([-4.0, -3.0, -5.0, 1.0, -3.5])
    found = found_in(scores, 1, limit=3, threshold=-3.0)
    assert rows_of(found)[:2] == [(103, 104), (101, 102)]
    assert [event.is_flagged for event in found] == [True, True]


def test_infinite_scores_come_first():
    """Catches shares of infinity over infinity."""
    contributions = np.ones((3, 4))
    contributions[1, 1:3] = np.inf
    found = found_in([3.0, np.inf, 3.0], limit=1, contributions=contributions)
    assert found[0].peak_ratio == np.inf and found[0].peak_row == 101
    assert found[0].top_features[:2] == (("b", 0.5), ("c", 0.5))


@pytest.mark.parametrize(
    "terms, expected",
    [
        (np.zeros(4), ()),
        (np.full(4, np.nan), ()),
        (np.array([3.0, -5.0, 1.0, 0.0]), ()),
        (np.array([np.nan, 3.0, 1.0, 0.0]), (("b", 0.75), ("c", 0.25))),
    ],
)
def test_terms_that_cannot_be_shared_are_not_named(terms, expected):
    """Catches shares of a sum not above 0, and NaN as the largest term."""
    (event,) = found_in([3.0], contributions=terms[np.newaxis])
    assert event.top_features == expected


@pytest.mark.parametrize(
    "scores, expected",
    [
        ([], []),
        ([3.0], [(100, 101, True)]),
        ([3.0] * 4, [(100, 104, True)]),
        # Nothing flagged is still something to look at.
        ([1.0], [(100, 101, False)]),
        ([1.0, 1.5, 1.0], [(101, 102, False)]),
    ],
)
def test_edges(scores, expected):
    """Catches empty, one row, all flagged, none flagged, constant series."""
    found = found_in(scores, window_length=10)
    assert [(*event[1:3], event.is_flagged) for event in found] == expected


def test_strangest_of_many_are_the_strangest_of_all():
    """Catches unflagged peaks before flagged events."""
    generator = np.random.default_rng(2)
    stretches = [
        series_of(
            generator.exponential(size=300),
            threshold=float(generator.uniform(2, 5)),
            series_id=str(number),
        )
        for number in range(4)
    ]
    # A flag may have another reason than the row's own score.
    flags = np.arange(300) == 7
    stretches.append(series_of(np.linspace(0, 1, 300), is_anomaly=flags))

    def found(limit):
        return [
            event
            for each in stretches
            for event in notable_events(each, NAMES, 5, limit)
        ]

    num_flagged = sum(event.is_flagged for event in found(300))
    assert 10 < num_flagged < 60
    for limit in (0, 1, 5, 60):
        few = strangest(found(limit), limit)
        assert few == strangest(found(300), limit)
        kinds = [event.is_flagged for event in few]
        assert kinds == sorted(kinds, reverse=True)
        assert sum(kinds) == min(limit, num_flagged)
        for kind in (True, False):
            ratios = [each.peak_ratio for each in few
                      if each.is_flagged == kind]  # fmt: skip
            assert ratios == sorted(ratios, reverse=True)


@pytest.mark.parametrize(
    "names, window_length, limit, labels",
    [
        (NAMES[:3], 1, 1, [0, 0]),
        (NAMES, 0, 1, [0, 0]),
        (NAMES, 1, -1, [0, 0]),
        (NAMES, 1, 1, [0]),
    ],
)
def test_wrong_arguments_are_refused(names, window_length, limit, labels):
    """Catches names or labels of others, and windows without rows."""
    series = series_of([1.0, 3.0], labels=labels)
    with pytest.raises(ValueError, match="Received"):
        notable_events(series, names, window_length, limit)
