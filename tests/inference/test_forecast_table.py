"""Results in the columns of LSTM-AD."""

import numpy as np
import pytest
from data_sets import make_lstm_forecaster, tuned
from numpy.testing import assert_allclose

from inference import predict
from inference.scoring import LoadedDetector
from trainer.export import export

CONTEXT, HORIZON = 5, 4


@pytest.fixture(scope="module")
def exported(long_data_set, tmp_path_factory):
    """The detector in memory, and the folder of the exported one."""
    detector = make_lstm_forecaster(long_data_set[1], "gaussian_log_likelihood")
    windows = tuned(detector, long_data_set[0])
    path = str(tmp_path_factory.mktemp("forecasts") / "model")
    export(detector, path, "v1", windows.values[:48].reshape(4, 12, 4), {})
    return detector, path


def predicted(model, folder, values):
    """What is written for rows `[time, feature]`, as text."""
    names = ",".join(f"sensor_{number}" for number in range(4))
    rows = [",".join(map(repr, row)) for row in values.tolist()]
    (folder / "new.csv").write_text("\n".join([names, *rows]) + "\n")
    code = predict.main(
        [
            f"--model={model}",
            f"--input={folder}/new.csv",
            f"--output={folder}/scores.csv",
            "--output_format=lstm_ad",
        ]
    )
    assert code == 0
    return (folder / "scores.csv").read_text()


@pytest.mark.parametrize("num_more", range(1, HORIZON + 1))
def test_one_line_for_each_row(exported, tmp_path, num_more):
    """Catches rows lost before the first forecast or behind the last whole one.

    In any remainder of rows behind the context over the horizon.
    """
    detector, path = exported
    values = np.random.default_rng(num_more).normal(
        size=(CONTEXT + HORIZON + num_more, 4)
    )
    lines = predicted(path, tmp_path, values).splitlines()
    assert len(lines) == len(values)
    assert lines[:CONTEXT] == [",,,,"] * CONTEXT
    table = np.array([line.split(",") for line in lines[CONTEXT:]], "f8")
    scores = LoadedDetector(path).score_series(values).score
    assert_allclose(table[:, 0], -scores[CONTEXT:], rtol=1e-5)
    values = values.astype("f4")
    whole = np.full((1, CONTEXT + 2 * HORIZON, 4), np.nan, "f4")
    whole[0, : len(values)] = values
    residuals = detector.residual_parts(whole)["forecast"][0]
    errors = residuals * detector.scaling.scale.numpy()
    expected = values[CONTEXT:] - errors[: HORIZON + num_more]
    assert_allclose(table[:, 1:], expected, rtol=1e-5, atol=1e-5)


def test_low_is_strange(exported, tmp_path):
    """Catches a sign that the users of this format do not expect."""
    values = np.zeros((40, 4))
    values[20] = 200.0
    lines = predicted(exported[1], tmp_path, values).splitlines()
    scores = [float(line.split(",")[0]) for line in lines[CONTEXT:]]
    assert np.argmin(scores) == 20 - CONTEXT


def test_a_forecast_needs_no_measurement(exported):
    """Catches a forecast that is lost with the value it is compared with."""
    values = np.random.default_rng(0).normal(size=(30, 4)).astype("f4")
    loaded = LoadedDetector(exported[1])
    whole = loaded.score_series(values)
    # The first of a block: it is no other step's context within it.
    values[5 + 4 * HORIZON] = np.nan
    holes = loaded.score_series(values)
    assert not holes.is_scored[5 + 4 * HORIZON]
    assert np.isnan(whole.forecast[:CONTEXT]).all()
    behind = slice(CONTEXT, 5 + 5 * HORIZON)
    assert_allclose(holes.forecast[behind], whole.forecast[behind], rtol=1e-5)


def test_models_without_forecasts_are_refused(step_model, tmp_path, capsys):
    """Catches a table of nothing but scores."""
    (tmp_path / "new.csv").write_text("a,b,c\n1,2,3\n")
    arguments = [
        f"--model={step_model}",
        f"--input={tmp_path}/new.csv",
        f"--output={tmp_path}/scores.csv",
        "--output_format=lstm_ad",
    ]
    assert predict.main(arguments) == 2
    assert "which has not both" in capsys.readouterr().err
    assert not (tmp_path / "scores.csv").exists()
