"""The rule of the median, by hand."""

from hptuning.median_stopping import is_worse_than_median

# Means up to step 2: 1.5, 2.5, 3.5, 4.5, 5.5; the median is 3.5.
FINISHED = [{1: 1.0 + i, 2: 2.0 + i, 3: 100.0} for i in range(5)]


def test_against_the_median_of_means_up_to_the_same_step():
    """Later steps of the others count; their last value instead of the mean."""
    assert is_worse_than_median({1: 9.0, 2: 3.6}, FINISHED)
    assert not is_worse_than_median({1: 9.0, 2: 3.5}, FINISHED)


def test_the_best_value_of_the_trial_counts():
    """A trial stopped for a last value that is worse than an earlier one."""
    assert not is_worse_than_median({1: 3.4, 2: 9.0}, FINISHED)


def test_few_others_stop_nobody():
    """The second trial of all stopped because the first one was better."""
    assert not is_worse_than_median({1: 99.0}, FINISHED[:4])
    late = [{5: 1.0}] * 5
    assert not is_worse_than_median({1: 99.0}, late)
    assert not is_worse_than_median({}, FINISHED)
