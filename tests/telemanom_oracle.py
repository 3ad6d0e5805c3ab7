"""Telemanom's thresholds, loop by loop: slow, and plain to read.

Sets of step numbers stand for what the published program keeps in lists.
"""

import numpy as np

HISTORY_BATCHES, BATCH, SMOOTHING_SHARE = 30, 70, 0.05
BUFFER, SMALLEST_DROP = 100, 0.13
DEVIATIONS, NO_ALARM = np.arange(2.5, 12.0, 0.5), 12.0


def smoothed(errors, context_length, keeps_first_errors=False):
    """Bias-corrected exponential mean, the first ones replaced."""
    alpha = 2 / (int(BATCH * HISTORY_BATCHES * SMOOTHING_SHARE) + 1)
    total, weight, means = 0.0, 0.0, []
    for error in errors:
        total = error + (1 - alpha) * total
        weight = 1 + (1 - alpha) * weight
        means.append(total / weight)
    if not keeps_first_errors:
        start = np.mean(means[: 2 * context_length])
        means[:context_length] = [start] * context_length
    return np.array(means)


def dilated(steps, buffer, num_steps):
    """The steps and all up to `buffer` from them, within the window."""
    near = set()
    for step in steps:
        near.update(
            range(max(step - buffer, 0), min(step + buffer + 1, num_steps))
        )
    return near


def groups(steps):
    """Inclusive (first, last) of each run of consecutive numbers."""
    found = []
    for step in sorted(steps):
        if found and found[-1][1] == step - 1:
            found[-1] = (found[-1][0], step)
        else:
            found.append((step, step))
    return found


def long_groups(steps):
    return [(first, last) for first, last in groups(steps) if first != last]


def epsilon_of(values, mean, deviation, buffer=BUFFER - 1, counts_buffer=True):
    """The threshold of one direction."""
    best, chosen = -np.inf, mean + NO_ALARM * deviation
    for z in DEVIATIONS:
        epsilon = mean + z * deviation
        beyond = np.flatnonzero(values >= epsilon)
        near = dilated(beyond, buffer, len(values))
        num_counted = len(near if counts_buffer else beyond)
        if not near:
            continue
        with np.errstate(all="ignore"):
            below = values[values < epsilon]
            if not len(below):
                continue
            score = (
                (mean - np.mean(below)) / mean
                + (deviation - np.std(below)) / deviation
            ) / (len(long_groups(near)) ** 2 + num_counted)
        if (
            score >= best
            and len(long_groups(near)) <= 5
            and len(near) < 0.5 * len(values)
        ):
            best, chosen = score, epsilon
    return chosen


def pruned(steps, values, largest_other):
    """The steps whose group is above the last large drop."""
    sequences = long_groups(steps)
    if not sequences:
        return set(steps)
    peaks = [max(values[first : last + 1]) for first, last in sequences]
    falling = [*sorted(peaks, reverse=True), largest_other]
    dropped = set()
    for place in range(len(falling) - 1):
        drop = (falling[place] - falling[place + 1]) / falling[place]
        if drop < SMALLEST_DROP:
            dropped.update(
                number
                for number, peak in enumerate(peaks)
                if peak == falling[place]
            )
        else:
            dropped = set()
    kept = set()
    for number, (first, last) in enumerate(sequences):
        if number not in dropped:
            kept.update(range(first, last + 1))
    return kept


def candidates(values, epsilon, errors, targets, first, accepted):
    """Steps to judge of one direction, and the largest of the others."""
    low, high = np.percentile(targets, [5, 95])
    spread = high - low
    is_wide = np.std(errors) > 0.05 * np.std(targets)
    is_wide = is_wide or max(errors) > 0.05 * spread
    if not (is_wide and max(errors) > 0.05):
        return set(), None
    beyond = np.flatnonzero((values >= epsilon) & (values > 0.05 * spread))
    near = dilated(beyond, BUFFER, len(values))
    near = {step for step in near if step >= first}
    if not near:
        return near, None
    others = set(range(len(values))) - near - accepted
    return near, max(values[step] for step in others)


def judge_window(errors, targets, first, accepted):
    """Steps of the window, (first, last, score) of each group, thresholds."""
    mean, deviation = np.mean(errors), np.std(errors)
    mirrored = 2 * mean - errors
    upper = epsilon_of(errors, mean, deviation)
    inverse = epsilon_of(mirrored, mean, deviation)
    steps = set()
    for values, epsilon in ((errors, upper), (mirrored, inverse)):
        near, largest_other = candidates(
            values, epsilon, errors, targets, first, accepted
        )
        steps |= pruned(near, values, largest_other)
    scores = []
    for start, last in groups(steps):
        distances = [
            abs(errors[step] - upper) for step in range(start, last + 1)
        ]
        distances += [
            abs(mirrored[step] - inverse) for step in range(start, last + 1)
        ]
        scores.append((start, last, max(distances) / (mean + deviation)))
    return steps, scores, upper, 2 * mean - inverse


def telemanom(errors, targets, context_length=250, keeps_first_errors=False):
    """Runs over a whole series.

    Returns:
        Smoothed errors; inclusive sequences; (first, last, score) of every
        group of every window; (first judged, stop, upper, lower) of every
        window.
    """
    means = smoothed(errors, context_length, keeps_first_errors)
    num_steps = len(means)
    num_later = int((num_steps - BATCH * HISTORY_BATCHES) / BATCH)
    num_later = max(num_later, 0)
    accepted, scores, windows = set(), [], []
    for number in range(num_later + 1):
        start = number * BATCH
        stop = start + BATCH * HISTORY_BATCHES
        if number == num_later:
            stop = num_steps
        first = stop - start - BATCH
        if number == 0:
            first = 2 * context_length
            if num_steps < 2500:
                first = context_length
            if num_steps < 1800:
                first = 0
        steps, window_scores, upper, lower = judge_window(
            means[start:stop],
            targets[start:stop],
            first,
            {step - start for step in accepted},
        )
        accepted |= {step + start for step in steps}
        scores += [
            (a + start, b + start, score) for a, b, score in window_scores
        ]
        windows.append((start + first, stop, upper, lower))
    return means, long_groups(accepted), scores, windows


def error_series(seed):
    """A random series of errors with spikes, steps, drifts, drops, scales."""
    generator = np.random.default_rng(seed)
    lengths = [300, 1799, 1800, 2050, 2100, 2169, 2170, 2240, 2500, 2519, 3100]
    num_steps = int(generator.choice(lengths))
    errors = np.abs(generator.normal(size=num_steps))
    errors *= generator.choice([0.02, 0.1, 1.0])
    for _ in range(generator.integers(7)):
        start = generator.integers(num_steps)
        part = errors[start : start + generator.choice([1, 3, 30, 200, 900])]
        change = generator.integers(4)
        if change == 0:
            part += generator.random() * 3
        elif change == 1:
            part += np.linspace(0, 2, len(part))
        elif change == 2:
            part *= 0
        else:
            part *= generator.choice([3, 0.2, 30])
    if seed % 10 == 9:
        # Equal errors.
        errors = np.round(errors, 1)
    return errors


def target_rows(num_steps, seed=0, horizon=10):
    """A random walk of a seeded scale, `[step, horizon]`."""
    generator = np.random.default_rng(seed)
    walk = np.cumsum(generator.normal(size=num_steps + horizon - 1))
    walk *= generator.choice([0.001, 0.01, 0.1])
    return np.lib.stride_tricks.sliding_window_view(walk, horizon)
