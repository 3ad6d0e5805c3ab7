"""Anomaly kinds for long series: harder to see than a blown-up tail."""

import dataclasses
from collections.abc import Callable

import numpy as np

from preprocessing.generators import LongSeries, signed_factors, slow_driver

__all__ = ["KINDS", "NORMAL", "Segment", "add_anomalies", "place_segments"]

NORMAL = "normal"
LONGEST_SPIKE = 3


@dataclasses.dataclass(frozen=True)
class Segment:
    """Anomalous time steps `[start, stop)` and what is wrong with them."""

    start: int
    stop: int
    kind: str


def place_segments(
    generator: np.random.Generator,
    start: int,
    stop: int,
    num_segments: int,
    length_range: tuple[int, int],
) -> list[Segment]:
    """Spreads anomalies over `[start, stop)`, one in each equal slot.

    Every kind comes once before any comes again. A spike lasts at most three
    time steps.

    Args:
        generator: source of places, lengths and the order of kinds.
        start: first time step that may be anomalous.
        stop: one past the last.
        num_segments: how many.
        length_range: shortest and longest, time steps.

    Raises:
        ValueError: the slots are too short for the longest segment.
    """
    slot = (stop - start) // max(num_segments, 1)
    if num_segments and slot < length_range[1] + 2:
        raise ValueError(
            f"Each anomaly needs {length_range[1] + 2} time steps. Received: "
            f"{stop - start} steps for `num_anomalies`={num_segments}. Ask "
            "for fewer anomalies or longer series."
        )
    segments = []
    kinds: list[str] = []
    for number in range(num_segments):
        kinds = kinds or list(generator.permutation(list(KINDS)))
        kind = str(kinds.pop())
        longest = LONGEST_SPIKE if kind == "spike" else length_range[1]
        shortest = min(length_range[0], longest) if kind != "spike" else 1
        length = int(generator.integers(shortest, longest + 1))
        # One normal step at each edge keeps neighbours apart.
        offset = int(generator.integers(1, slot - length))
        first = start + number * slot + offset
        segments.append(Segment(first, first + length, kind))
    return segments


def add_anomalies(
    generator: np.random.Generator,
    series: LongSeries,
    segments: list[Segment],
    severity: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Draws a series' values with anomalies.

    Args:
        generator: source of factors, signs and sensors.
        series: the normal series.
        segments: where, and which kinds.
        severity: 1 = as designed, 0 = nothing to see.

    Returns:
        values `[time, feature]`, and the kind's name `[time]`, "normal"
        outside the segments.
    """
    normal = series.values
    values = normal.copy()
    kinds = np.full(len(values), NORMAL, dtype=object)
    for segment in segments:
        steps = slice(segment.start, segment.stop)
        values[steps] = KINDS[segment.kind](
            generator, series, normal, segment, severity
        )
        kinds[steps] = segment.kind
    return values, kinds


def _tail_amplitude(generator, series, normal, segment, severity):
    """The talk's kind: every cell of all sensors has a factor of its own."""
    part = normal[segment.start : segment.stop]
    return part * (1 + (signed_factors(generator, part.shape) - 1) * severity)


def _phase_shift(generator, series, normal, segment, severity):
    """One sensor runs a quarter of its period ahead."""
    sensor = _one_sensor(generator, normal)
    ahead = severity * np.pi / 2 / series.frequency[sensor]
    return _with_other_steps(series, normal, segment, sensor, lambda t: ahead)


def _frequency_change(generator, series, normal, segment, severity):
    """One sensor swings twice as fast."""
    sensor = _one_sensor(generator, normal)
    return _with_other_steps(
        series, normal, segment, sensor, lambda t: severity * (t + 1)
    )


def _level_shift(generator, series, normal, segment, severity):
    """One sensor is off by its amplitude."""
    sensor = _one_sensor(generator, normal)
    part = normal[segment.start : segment.stop].copy()
    sign = generator.choice((-1.0, 1.0))
    part[:, sensor] += sign * severity * series.amplitude[sensor]
    return part


def _spike(generator, series, normal, segment, severity):
    """One sensor jumps by three amplitudes for a moment."""
    sensor = _one_sensor(generator, normal)
    part = normal[segment.start : segment.stop].copy()
    sign = generator.choice((-1.0, 1.0))
    part[:, sensor] += sign * 3 * severity * series.amplitude[sensor]
    return part


def _flat_line(generator, series, normal, segment, severity):
    """One sensor is stuck at its last value, or nearly so."""
    sensor = _one_sensor(generator, normal)
    part = normal[segment.start : segment.stop].copy()
    stuck = normal[segment.start - 1, sensor]
    part[:, sensor] += min(severity, 1.0) * (stuck - part[:, sensor])
    return part


def _correlation_break(generator, series, normal, segment, severity):
    """One sensor follows a driver of its own, of the same distribution."""
    sensor = _one_sensor(generator, normal)
    steps = slice(segment.start, segment.stop)
    part = normal[steps].copy()
    driver = series.driver[steps]
    other = slow_driver(generator, len(driver))
    part[:, sensor] += (
        min(severity, 1.0) * series.loading[sensor] * (other - driver)
    )
    return part


KINDS: dict[str, Callable[..., np.ndarray]] = {
    "tail_amplitude": _tail_amplitude,
    "phase_shift": _phase_shift,
    "frequency_change": _frequency_change,
    "level_shift": _level_shift,
    "spike": _spike,
    "flat_line": _flat_line,
    "correlation_break": _correlation_break,
}


def _one_sensor(generator: np.random.Generator, normal: np.ndarray) -> int:
    return int(generator.integers(normal.shape[1]))


def _with_other_steps(
    series: LongSeries,
    normal: np.ndarray,
    segment: Segment,
    sensor: int,
    steps_ahead: Callable[[np.ndarray], np.ndarray | float],
) -> np.ndarray:
    """Lets one sensor's sine run ahead of the clock inside the segment.

    Args:
        series: knows the sine.
        normal: `[time, feature]`.
        segment: where.
        sensor: which column.
        steps_ahead: time steps since the segment's start to steps ahead.
    """
    steps = np.arange(segment.start, segment.stop)
    moved = steps + steps_ahead(steps - segment.start)
    difference = series.waves(moved) - series.waves(steps)
    part = normal[segment.start : segment.stop].copy()
    part[:, sensor] += difference[:, sensor]
    return part
