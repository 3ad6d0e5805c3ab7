import numpy as np
import pytest
import tensorflow as tf
from data_sets import feature_of, make_detector, wave

from trainer import pictures
from trainer.schema import SPLITS, Schema, Split


def detector_of(values, names):
    split = Split(rows=1, series=1, normal=1, anomalous=0, shards=())
    schema = Schema(
        features=tuple(
            feature_of(name, values[:, i]) for i, name in enumerate(names)
        ),
        splits=dict.fromkeys(SPLITS, split),
        halo=64,
        label_kind="step",
        reader={"format": "csv"},
    )
    return make_detector(schema)


@pytest.fixture
def drawn(monkeypatch):
    """What each picture is made of."""
    calls = []
    draw = pictures._picture

    def keep(*arguments):
        calls.append(arguments)
        return draw(*arguments)

    monkeypatch.setattr(pictures, "_picture", keep)
    return calls


def test_reconstruction_is_observed_less_residual(drawn, monkeypatch):
    """A sign, raw units beside scaled ones, or another part's residuals."""
    values = wave(np.random.default_rng(0), 40, 2) * 50 + 7
    detector = detector_of(values, ["a", "b"])
    monkeypatch.setattr(
        detector,
        "residual_parts",
        lambda windows: {
            part: tf.fill(windows.shape, np.float32(0.25 + position))
            for position, part in enumerate(detector.network.parts)
        },
    )
    windows = np.stack([values[:12], values[5:17]])
    windows[0, 3, 1] = np.nan
    found = pictures.pictures_of(detector, windows)
    assert found.shape[0] == len(drawn) == 2
    names, observed, reconstructed = drawn[1]
    scaled = (windows[1] - values.mean(0)) / values.std(0, ddof=1)
    assert names == ["a", "b"]
    np.testing.assert_allclose(observed, scaled, atol=1e-5)
    np.testing.assert_allclose(reconstructed, scaled - 0.25, atol=1e-5)


def test_what_is_not_measured_is_not_drawn(drawn):
    """The filled-in value of a missing cell drawn as if it was observed."""
    values = wave(np.random.default_rng(0), 40, 2)
    detector = detector_of(values, ["a", "b"])
    windows = values[None, :12].copy()
    windows[0, 3:6, 1] = np.nan
    windows[0, 8, 0] = 3e38
    pictures.pictures_of(detector, windows)
    ((_, observed, reconstructed),) = drawn
    missing = np.zeros((12, 2), bool)
    missing[3:6, 1] = True
    missing[8, 0] = True  # Too large for scaled units in float32.
    np.testing.assert_array_equal(np.isnan(observed), missing)
    assert np.isnan(reconstructed[missing]).all()


def test_constant_columns_come_last(drawn):
    """Four flat lines of a data set whose first columns are constant."""
    values = wave(np.random.default_rng(0), 40, 6)
    values[:, [0, 2]] = 3
    detector = detector_of(values, list("abcdef"))
    found = pictures.pictures_of(detector, values[None, :12])
    ((names, observed, _),) = drawn
    assert names == ["b", "d", "e", "f"]
    assert observed.shape == (12, 4)
    assert found.dtype == np.uint8
    assert found.shape[-1] == 4
    # Lines and letters, not an empty sheet.
    assert len(np.unique(found.reshape(-1, 4), axis=0)) > 10


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["$^{x$", "温度", "<b>", "a" * 500, ""])
def test_any_name_can_be_drawn(name):
    """A formula that does not parse ends training; a warning a letter."""
    values = wave(np.random.default_rng(0), 40, 1)
    found = pictures.pictures_of(detector_of(values, [name]), values[None, :12])
    assert found.shape[0] == 1
