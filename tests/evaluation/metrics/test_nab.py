"""The NAB score against published values and a slow twin."""

import math

import numpy as np
import pytest

from evaluation.metrics.nab import (
    PROFILES,
    NabScore,
    nab_score,
    nab_windows,
    probation_length,
)


def flags_at(num_rows, rows):
    flags = np.zeros(num_rows, bool)
    flags[rows] = True
    return flags


def score_rows(num_rows, rows, windows, **settings):
    """Raw score of flags at some rows."""
    return nab_score(
        np.ones(num_rows),
        flags_at(num_rows, rows),
        np.zeros(num_rows),
        windows,
        **settings,
    ).raw


def naive_raw(scores, flags, labels, windows, profile, probation):
    """One row after the other, window by window."""
    weights = PROFILES[profile]

    def sigmoid(position):
        return 2 / (1 + math.exp(5 * position)) - 1

    total = 0.0
    for start, stop in windows:
        judged = [r for r in range(start, stop) if r >= probation]
        judged = [r for r in judged if labels[r] != -1]
        worths = [
            weights.true_positive
            * sigmoid(-(stop - 1 - row + 1) / (stop - start))
            / sigmoid(-1)
            for row in judged
            if flags[row] and scores[row] == scores[row]
        ]
        if judged:
            total += max(worths) if worths else -weights.false_negative
    for row in range(probation, len(flags)):
        inside = any(start <= row < stop for start, stop in windows)
        scored = flags[row] and scores[row] == scores[row]
        if inside or not scored or labels[row] == -1:
            continue
        cost = -1.0
        before = [pair for pair in windows if pair[1] <= row]
        if before:
            start, stop = before[-1]
            width = stop - start
            position = (row - stop + 1) / (width - 1) if width > 1 else 4.0
            cost = sigmoid(position) if position <= 3 else -1.0
        total += weights.false_positive * cost
    return total


@pytest.mark.parametrize(
    ("anomalies", "num_rows", "expected"),
    [
        # Labels and windows of files of the benchmark, ends counted in.
        ([325], 1624, [(244, 406)]),
        ([2988], 4032, [(2787, 3189)]),
        ([2386], 2500, [(2261, 2499)]),  # cut at the end of the file
        ([2081, 3395, 4023], 4032, [(2014, 2148), (3328, 3462), (3956, 4031)]),
        (  # the first two overlap
            [4304, 4545, 6926, 9597],
            15842,
            [(4106, 4743), (6728, 7124), (9399, 9795)],
        ),
    ],
)
def test_windows_of_the_benchmark(anomalies, num_rows, expected):
    """Catches another width, and windows that are joined too late."""
    found = nab_windows(anomalies, num_rows)
    assert [(start, stop - 1) for start, stop in found] == expected


def test_windows_in_probation_are_dropped():
    """Catches windows where no flag would be judged; chains; neighbours."""
    assert nab_windows([10, 60], 100).tolist() == [[58, 63]]
    # Four anomalies in 200 rows: 5 rows each, half 2.
    assert nab_windows([50, 54, 58, 63], 200).tolist() == [
        [48, 61],
        [61, 66],
    ]
    assert nab_windows([], 100).shape == (0, 2)
    assert nab_windows([], 0).shape == (0, 2)


def test_published_normalised_scores():
    """Catches another null or perfect: the board says 70.1, 63.1, 74.3."""
    # Sums over the 116 windows, as published for Numenta HTM.
    for raw, missed, expected in (
        (46.634450197138, 1, 70.1),
        (30.431072517124, 1, 63.1),
        (26.634450197138, 2, 74.3),
    ):
        score = NabScore(raw, -116.0 * missed, 116.0)
        assert round(score.normalised, 1) == expected


@pytest.mark.parametrize(
    ("num_rows", "rows", "windows", "expected"),
    [
        # Scores of single files published for Numenta HTM, standard profile.
        # exchange-2_cpc: the one flag inside is at row 325; three others cost
        # the full weight. Of the other files only the score is known: it
        # belongs to a first flag at this row.
        (1624, [325, 1000, 1200, 1500], [(244, 407)], 0.53195803375),
        (4032, [2988, 3100], [(2787, 3190)], 0.86067182427),
        (4032, [3080], [(2980, 3181), (3479, 3680)], -0.138449197924),
        (4032, [700, 900], [], -0.22),
    ],
)
def test_published_scores_of_files(num_rows, rows, windows, expected):
    """Catches a position that is off by one row."""
    windows = np.array(windows).reshape(-1, 2)
    found = score_rows(num_rows, rows, windows)
    assert found == pytest.approx(expected, abs=1e-10)


def test_example_of_the_scorer_tests():
    """Catches a false positive measured from the wrong edge (unit weights)."""
    # Hit at the first row, a second one, a flag 3 rows behind, one missed.
    found = score_rows(
        100, [30, 31, 37], [(30, 35), (65, 70)], probation_rows=0
    )
    cost = 2 / (1 + math.exp(5 * 3 / 4)) - 1
    assert found == pytest.approx(1 + 0.11 * cost - 1)
    assert 1 + cost - 1 == pytest.approx(-0.9540, abs=1e-4)


def test_sigmoid_crosses_zero_behind_the_window():
    """Catches a last row inside that is worth less than nothing."""
    inside = score_rows(1000, [599], [(500, 600)])
    assert 0 < inside < 0.03
    behind = score_rows(1000, [600], [(500, 600)]) + 1
    assert -0.11 * 0.03 < behind < 0


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", range(100))
def test_agrees_with_the_naive_twin(seed, profile):
    """Catches wrong weights, unscored flags, the probation and its edge."""
    generator = np.random.default_rng(seed)
    num_rows = int(generator.integers(20, 80))
    labels = generator.choice((-1, 0), num_rows, p=(0.1, 0.9))
    cuts = generator.choice(num_rows, 2 * generator.integers(0, 5), False)
    windows = np.sort(cuts).reshape(-1, 2)
    flags = generator.random(num_rows) < 0.3
    scores = np.where(generator.random(num_rows) < 0.2, np.nan, 1.0)
    probation = [0, 7, probation_length(num_rows)][seed % 3]
    found = nab_score(scores, flags, labels, windows, profile, probation)
    arguments = scores, flags, labels, windows, profile, probation
    assert found.raw == pytest.approx(naive_raw(*arguments))
    nothing = naive_raw(scores, 0 * flags, *arguments[2:])
    assert found.null == pytest.approx(nothing)


@pytest.mark.parametrize(
    ("profile", "false_alarm", "missed"),
    [
        ("standard", 0.11, 1),
        ("reward_low_FP_rate", 0.22, 1),
        ("reward_low_FN_rate", 0.11, 2),
    ],
)
def test_weights_of_the_profiles(profile, false_alarm, missed):
    """Catches profiles that are swapped."""
    found = score_rows(100, [20], [(50, 60)], profile=profile)
    assert found == pytest.approx(-false_alarm - missed)


@pytest.mark.parametrize("profile", PROFILES)
def test_null_and_perfect(profile):
    """Catches a scale that does not end at 0 and 100."""
    labels = np.zeros(100)
    labels[[40, 41, 42, 60, 99]] = 1
    ones = np.ones(100)
    perfect = flags_at(100, [40, 60, 99])
    found = nab_score(ones, perfect, labels, profile=profile)
    assert found.normalised == pytest.approx(100)
    nothing = nab_score(ones, 0 * ones, labels, profile=profile)
    assert nothing.normalised == 0
    assert (found + nothing).normalised == pytest.approx(50)


def test_file_without_windows_costs_in_the_sum():
    """Catches false alarms that vanish with the file they are in."""
    found = nab_score(np.ones(100), np.ones(100), np.zeros(100))
    assert found.raw == pytest.approx(-0.11 * 85)
    assert np.isnan(found.normalised)
    total = found + NabScore(1.0, -1.0, 1.0)
    assert total.normalised == pytest.approx(100 * (2 - 0.11 * 85) / 2)


def test_window_of_one_row():
    """Catches the division by zero of the reference."""
    assert score_rows(50, [30], [(30, 31)]) == pytest.approx(1)
    assert score_rows(50, [31], [(30, 31)]) == pytest.approx(-1 - 0.11)


def test_unscored_and_unknown_rows():
    """Catches unscored windows that are not missed; flags on unknown rows."""
    scores, labels = np.ones(20), np.zeros(20)
    scores[10:12], labels[10:12], labels[15] = np.nan, 1, -1
    found = nab_score(scores, flags_at(20, [10, 15]), labels)
    assert (found.raw, found.null, found.perfect) == (-1, -1, 1)
    # All rows of the window unknown: neither found nor missed.
    left_out = nab_score(scores, labels == -1, labels, [(15, 16)])
    assert (left_out.raw, left_out.null, left_out.perfect) == (0, 0, 0)


def test_first_row_last_row_and_all_anomalous():
    """Catches events lost at an end, and a window cut by the probation."""
    labels = [1, 0, 0, 1]
    found = nab_score(np.ones(4), labels, labels, probation_rows=0)
    assert found.normalised == pytest.approx(100)
    # Half of the window is not judged: the first judged row is worth less.
    every = nab_score(np.ones(4), np.ones(4), np.ones(4), probation_rows=2)
    worth = math.tanh(5 / 4) / math.tanh(5 / 2)
    assert every.raw == pytest.approx(worth)


@pytest.mark.parametrize(
    ("num_rows", "expected"), [(0, 0), (6, 0), (7, 1), (100, 15), (9999, 750)]
)
def test_probation(num_rows, expected):
    """Catches rounding up, and a probation without a limit."""
    assert probation_length(num_rows) == expected


def test_empty_series():
    """Catches a failure where a split holds nothing."""
    assert nab_score([], [], []) == NabScore(0, 0, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [True], [0, 1]), "one length"),
        (([1.0], [True], [2]), "0, 1 or -1"),
        (([1.0], [True], [1], [(0, 2)]), "within the rows"),
        (([1.0] * 3, [0] * 3, [1] * 3, [(0, 2), (1, 3)]), "common row"),
        (([1.0] * 3, [0] * 3, [1] * 3, [(2, 3), (0, 1)]), "in order"),
        (([1.0], [True], [1], None, "best"), "`profile` must be one of"),
    ],
)
def test_bad_input(arguments, message):
    """Catches broadcasting, ends counted in, and unknown profiles."""
    with pytest.raises(ValueError, match=message):
        nab_score(*arguments)
    with pytest.raises(ValueError, match="must rise"):
        nab_windows([5, 5], 10)
    with pytest.raises(ValueError, match="within the series"):
        nab_windows([10], 10)
