import numpy as np
import pytest

from preprocessing import anomalies, generators
from preprocessing.anomalies import Segment


@pytest.fixture
def series():
    return generators.long_series(np.random.default_rng(5), 400, 4)


def draw(series, kind, severity=1.0, start=150, stop=190):
    return anomalies.add_anomalies(
        np.random.default_rng(6),
        series,
        [Segment(start, stop, kind)],
        severity,
    )


@pytest.mark.parametrize("kind", anomalies.KINDS)
def test_kind_differs_from_its_normal_twin_only_inside(series, kind):
    """Catches a segment off by one, or an effect that outlives it."""
    values, kinds = draw(series, kind)
    differs = (values != series.values).any(axis=1)
    assert not differs[:150].any() and not differs[190:].any()
    assert differs[150:190].mean() > 0.9
    assert set(kinds[150:190]) == {kind}
    assert set(kinds[:150]) == set(kinds[190:]) == {"normal"}


@pytest.mark.parametrize("kind", anomalies.KINDS)
def test_severity_zero_is_normal(series, kind):
    """Catches a kind that ignores the severity."""
    values, _ = draw(series, kind, severity=0.0)
    np.testing.assert_allclose(values, series.values, atol=1e-12)


@pytest.mark.parametrize(
    "kind", sorted(set(anomalies.KINDS) - {"tail_amplitude"})
)
def test_only_one_sensor_is_hit(series, kind):
    """Catches an effect on all sensors, which is far easier to see."""
    values, _ = draw(series, kind)
    assert (values != series.values).any(axis=0).sum() == 1


def hit(series, kind, severity=1.0):
    values, _ = draw(series, kind, severity)
    sensor = int(np.argmax((values != series.values).any(axis=0)))
    return sensor, values[150:190, sensor], series.values[150:190, sensor]


def test_phase_shift_turns_sine_to_cosine(series):
    """Catches a shift in steps instead of radians."""
    sensor, values, normal = hit(series, "phase_shift")
    angle = series.frequency[sensor] * np.arange(150, 190)
    angle += series.phase[sensor]
    expected = series.amplitude[sensor] * (np.cos(angle) - np.sin(angle))
    np.testing.assert_allclose(values - normal, expected, atol=1e-9)


def test_frequency_doubles(series):
    """Catches a frequency that is multiplied at the absolute time."""
    sensor, values, normal = hit(series, "frequency_change")
    frequency = series.frequency[sensor]
    at_edge = frequency * 149 + series.phase[sensor]
    waves = series.amplitude[sensor] * np.sin(
        at_edge + 2 * frequency * np.arange(1, 41)
    )
    rest = normal - series.waves(np.arange(150, 190))[:, sensor]
    np.testing.assert_allclose(values, waves + rest, atol=1e-9)


@pytest.mark.parametrize(("kind", "size"), [("level_shift", 1), ("spike", 3)])
def test_offsets_scale_with_severity(series, kind, size):
    """Catches an offset in raw units or a severity used twice."""
    sensor, values, normal = hit(series, kind, severity=0.5)
    np.testing.assert_allclose(
        np.abs(values - normal), 0.5 * size * series.amplitude[sensor]
    )


def test_flat_line_repeats_the_last_good_value(series):
    """Catches a line at the first anomalous value, or at zero."""
    sensor, values, _ = hit(series, "flat_line")
    np.testing.assert_allclose(values, series.values[149, sensor])


def test_correlation_break_keeps_the_rest(series):
    """Catches a replaced sine: only the driver may change."""
    sensor, values, normal = hit(series, "correlation_break")
    own = (values - normal) / series.loading[sensor] + series.driver[150:190]
    assert np.abs(own).max() < 5
    assert np.abs(np.diff(own)).max() < 1


def test_segments_are_disjoint_and_cover_all_kinds():
    """Catches overlaps, touching neighbours and kinds never drawn."""
    for seed in range(30):
        segments = anomalies.place_segments(
            np.random.default_rng(seed), 70, 700, 14, (10, 40)
        )
        edges = [(segment.start, segment.stop) for segment in segments]
        assert edges[0][0] > 70 and edges[-1][1] < 700
        for (_, stop), (start, _) in zip(edges, edges[1:], strict=False):
            assert start > stop
        kinds = [segment.kind for segment in segments]
        assert sorted(kinds) == sorted(list(anomalies.KINDS) * 2)
        for segment in segments:
            length = segment.stop - segment.start
            low, high = (1, 3) if segment.kind == "spike" else (10, 40)
            assert low <= length <= high


def test_too_many_anomalies_are_refused():
    """Catches silently dropped or overlapping anomalies."""
    with pytest.raises(ValueError, match="fewer anomalies"):
        anomalies.place_segments(np.random.default_rng(0), 0, 100, 10, (10, 40))
