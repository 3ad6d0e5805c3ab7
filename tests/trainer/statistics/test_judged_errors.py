"""Events of judged errors."""

import numpy as np

from trainer.statistics.judged_errors import JudgedErrors, dynamic_events


def judged_of(scores, is_anomaly):
    scores = np.array(scores, float)
    is_judged = ~np.isnan(scores)
    flags = np.array(is_anomaly, bool)
    return JudgedErrors(scores, scores, scores, scores, flags, is_judged)


def test_an_event_has_the_largest_score_of_its_steps():
    """Catches events in inclusive ends, without the offset, or one score a part."""
    judged = judged_of([9, 1, 3, 2, 9, np.nan, 4], [0, 1, 1, 1, 0, 0, 1])
    assert dynamic_events(judged) == [(1, 4, 3.0), (6, 7, 4.0)]
    assert dynamic_events(judged, 250) == [(251, 254, 3.0), (256, 257, 4.0)]


def test_parts_join_in_order():
    """Catches fields that are swapped when parts are joined."""
    parts = [judged_of([1], [1]), JudgedErrors.unjudged(np.array([7.0]))]
    joined = JudgedErrors.joined([*parts, judged_of([2], [0])])
    np.testing.assert_array_equal(joined.score, [1, np.nan, 2])
    assert joined.smoothed_error.tolist() == [1, 7, 2]
    assert joined.is_anomaly.tolist() == [True, False, False]
    assert joined.is_judged.tolist() == [True, False, True]
