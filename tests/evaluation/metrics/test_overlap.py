"""Overlap counts against Telemanom's rules, its figures and slow loops."""

import numpy as np
import pytest

from evaluation.metrics.overlap import (
    OverlapCounts,
    overlap_counts,
    range_overlap_counts,
)

# Channels of the result file committed with Telemanom v2.0 (run
# 2018-05-19_15.00.10): predicted ranges and labels, ends counted in, in the
# order of the file, and the counts TP, FP, FN that stand there.
TELEMANOM = {
    "P-1": (
        [(2130, 2349), (3190, 3329), (3540, 3679), (4520, 4589)],
        [(2149, 2349), (4536, 4844), (3539, 3779)],
        (3, 1, 0),
    ),
    "E-12": (
        [(1775, 2008), (5010, 5149), (5570, 5709), (5850, 5919), (5990, 6594)],
        [(5610, 6141), (5000, 5050)],
        (2, 1, 0),
    ),
    "E-13": (
        [(5570, 5709), (6480, 6549)],
        [(5309, 5410), (5600, 5640), (6449, 6569)],
        (2, 0, 1),
    ),
    "D-7": (
        [(5010, 5359), (5430, 5639), (5710, 5849)],
        [(4940, 7641)],
        (1, 0, 0),
    ),
    "T-1": (
        [(2560, 2979), (3960, 4029), (6620, 6689)],
        [(2399, 3898), (6550, 6585)],
        (1, 2, 1),
    ),
    "F-7": (
        [(1322, 1576), (1967, 2206), (2700, 2839)],
        [(1250, 1450), (2670, 2790), (3325, 3425)],
        (2, 1, 1),
    ),
    "G-1": ([(5990, 6129)], [(4770, 4890)], (0, 1, 1)),
    "T-13": ([], [(690, 790), (1900, 2050)], (0, 0, 2)),
}


def half_open(pairs):
    return [(start, last + 1) for start, last in pairs]


def naive_counts(predicted, labelled, compat):
    """Sets of rows, as the reference holds them."""
    matched, false = set(), 0
    groups = [set(range(*pair)) for pair in labelled]
    for pair in predicted:
        rows = set(range(*pair))
        hit = [i for i, group in enumerate(groups) if rows & group]
        matched.update(hit[:1] if compat else hit)
        false += not hit
    return OverlapCounts(len(matched), false, len(groups) - len(matched))


def draw_ranges(generator, overlapping):
    """Ranges within 60 rows, shuffled."""
    if overlapping:
        starts = generator.integers(0, 60, generator.integers(0, 8))
        lengths = generator.integers(1, 25, len(starts))
        return np.stack([starts, starts + lengths], axis=1)
    cuts = generator.choice(60, 2 * generator.integers(0, 8), replace=False)
    return generator.permutation(np.sort(cuts).reshape(-1, 2))


@pytest.mark.parametrize("compat", [True, False])
@pytest.mark.parametrize("channel", TELEMANOM)
def test_committed_results_of_telemanom(channel, compat):
    """Catches extra hits on an event counted, and misses that are lost."""
    predicted, labelled, expected = TELEMANOM[channel]
    found = range_overlap_counts(
        half_open(predicted), half_open(labelled), compat
    )
    assert found == OverlapCounts(*expected)


@pytest.mark.parametrize(
    ("counts", "precision", "recall", "f_half"),
    [
        ((59, 10, 10), 0.855, 0.855, 0.855),  # paper, SMAP
        ((25, 2, 11), 0.926, 0.694, 0.868),  # paper, MSL
        ((84, 12, 21), 0.875, 0.800, 0.859),  # paper, total
        ((87, 13, 18), 0.870, 0.829, 0.861),  # result file of v2.0
    ],
)
def test_published_figures(counts, precision, recall, f_half):
    """Catches F2 for F0.5; the printed 0.71 and 0.69 are known to be wrong."""
    found = OverlapCounts(*counts)
    assert round(found.precision, 3) == precision
    assert round(found.recall, 3) == recall
    assert round(found.f_beta(0.5), 3) == f_half


def test_totals_of_the_two_spacecraft():
    """Catches a sum that adds the wrong fields."""
    paper = OverlapCounts(59, 10, 10) + OverlapCounts(25, 2, 11)
    assert paper == OverlapCounts(84, 12, 21)
    committed = OverlapCounts(62, 12, 7) + OverlapCounts(25, 1, 11)
    assert committed == OverlapCounts(87, 13, 18)
    assert committed.num_events == 105


def test_one_range_over_two_labels():
    """Catches the fixed count with the reference's bug, or compat without."""
    arguments = [(0, 30)], [(2, 5), (10, 12)]
    assert range_overlap_counts(*arguments) == OverlapCounts(2, 0, 0)
    assert range_overlap_counts(*arguments, compat=True) == OverlapCounts(
        1, 0, 1
    )


def test_compat_credits_the_first_label_in_the_order_given():
    """Catches labels that are sorted: both ranges would credit one label."""
    predicted, labelled = [(0, 30), (2, 4)], [(10, 12), (2, 5)]
    found = range_overlap_counts(predicted, labelled, compat=True)
    assert found == OverlapCounts(2, 0, 0)
    found = range_overlap_counts(predicted, labelled[::-1], compat=True)
    assert found == OverlapCounts(1, 0, 1)


def test_neighbours_do_not_overlap():
    """Catches ends that are counted in."""
    found = range_overlap_counts([(0, 5), (8, 9)], [(5, 8)])
    assert found == OverlapCounts(0, 2, 1)


@pytest.mark.parametrize("compat", [True, False])
@pytest.mark.parametrize("seed", range(250))
def test_agrees_with_the_naive_twin(seed, compat):
    """Catches off-by-one at edges, and lost ranges, in any order."""
    generator = np.random.default_rng(seed)
    predicted = draw_ranges(generator, overlapping=True)
    labelled = draw_ranges(generator, overlapping=False)
    found = range_overlap_counts(predicted, labelled, compat)
    assert found == naive_counts(predicted, labelled, compat)


@pytest.mark.parametrize("compat", [True, False])
@pytest.mark.parametrize("seed", range(200))
def test_flags_agree_with_ranges_found_by_hand(seed, compat):
    """Catches unscored flags that count, and unknown rows counted normal."""
    generator = np.random.default_rng(seed)
    num_rows = int(generator.integers(20, 80))
    labels = generator.choice((-1, 0, 1), num_rows, p=(0.2, 0.5, 0.3))
    flags = generator.random(num_rows) < 0.5
    scores = np.where(generator.random(num_rows) < 0.2, np.nan, 1.0)

    def runs(mask):
        found, start = [], None
        for row, value in enumerate([*mask, False]):
            if value and start is None:
                start = row
            if not value and start is not None:
                found.append((start, row))
                start = None
        return found

    predicted = [
        (start, stop)
        for start, stop in runs(flags & ~np.isnan(scores))
        if any(labels[row] != -1 for row in range(start, stop))
    ]
    expected = naive_counts(predicted, runs(labels == 1), compat)
    assert overlap_counts(scores, flags, labels, compat) == expected


def test_unknown_and_unscored_rows():
    """Catches an alarm on unknown rows that counts as false."""
    counts = overlap_counts(np.ones(5), [1, 1, 0, 1, 1], [-1, -1, 0, -1, 1])
    assert counts == OverlapCounts(1, 0, 0)
    unscored = overlap_counts([np.nan, 1.0], [1, 0], [1, 0])
    assert unscored == OverlapCounts(0, 0, 1)


@pytest.mark.parametrize("labels", [[], [0, 0, 0], [-1]])
def test_no_events_gives_nan(labels):
    """Catches a precision of 0 or 1 where there is nothing to find."""
    ones = np.ones(len(labels))
    found = overlap_counts(ones, ones, labels)
    assert np.isnan([found.precision, found.recall, found.f_beta()]).all()


def test_nothing_flagged_and_all_anomalous():
    """Catches a division by zero."""
    nothing = overlap_counts(np.ones(3), np.zeros(3), [1, 0, 1])
    assert nothing == OverlapCounts(0, 0, 2)
    figures = nothing.precision, nothing.recall, nothing.f_beta()
    assert figures == (0, 0, 0)
    assert overlap_counts(np.ones(3), [0, 0, 1], [1, 1, 1]).f_beta() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([(3, 3)], [(0, 1)]), "start < stop"),
        (([(0, 1, 2)], [(0, 1)]), "pairs"),
        (([], [(0, 5), (4, 6)]), "must not overlap"),
    ],
)
def test_bad_ranges(arguments, message):
    """Catches ends counted in, and events that cannot be told apart."""
    with pytest.raises(ValueError, match=message):
        range_overlap_counts(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [True], [0, 1]), "one length"),
        (([1.0], [True], [2]), "0, 1 or -1"),
    ],
)
def test_bad_rows(arguments, message):
    """Catches broadcasting, and labels of another meaning."""
    with pytest.raises(ValueError, match=message):
        overlap_counts(*arguments)
    with pytest.raises(ValueError, match="`beta` must be above 0"):
        OverlapCounts(1, 1, 1).f_beta(0)
