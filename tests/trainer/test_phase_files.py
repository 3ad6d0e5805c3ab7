"""A data set that grows by the files of each phase."""

import json

import main_job
import numpy as np
import pytest

from trainer import task
from trainer.command_line import parse
from trainer.config import PHASES
from trainer.schema import Schema

FLAGS = ("--model_type=pca", "--tensorboard=false", "--driver=graph")


def write(path, num_sequences, label=None, seed=1, num_steps=6, num_features=3):
    """Sequences of noise, one a line."""
    generator = np.random.default_rng(seed)
    lines = []
    for _ in range(num_sequences):
        cells = generator.normal(size=(num_features, num_steps)).round(3)
        fields = [";".join(map(str, row)) for row in cells]
        if label is not None:
            fields.append(str(label))
        lines.append(",".join(fields))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def files(tmp_path):
    return {
        name: write(tmp_path / f"{name}.csv", 120, seed=number)
        for number, name in enumerate(("one", "other", "held_out", "mixed"))
    }


def run(tmp_path, phase, path, *flags):
    """Ends one phase on its files."""
    return main_job.call(
        task.main,
        f"--training_mode={PHASES[phase]}",
        f"--train_file_pattern={path}",
        f"--output_dir={tmp_path / 'run'}",
        *FLAGS,
        *flags,
    )


def statistics_of(tmp_path):
    """What the phase of error statistics rests on."""
    text = (tmp_path / "run" / "metrics.json").read_text()
    return json.loads(text)[PHASES[1]]


def test_training_anew_keeps_the_later_files(tmp_path, files):
    """Catches errors that are then taken from train, without a word."""
    assert run(tmp_path, 0, files["one"]).code == 0
    assert run(tmp_path, 1, files["held_out"]).code == 0
    first = Schema.load(str(tmp_path / "run" / "data"))
    ended = run(tmp_path, 0, files["other"])
    assert ended.code == 2
    assert "--resume=false" in ended.errors
    assert run(tmp_path, 0, files["other"], "--resume=false").code == 0
    assert run(tmp_path, 1, files["held_out"]).code == 0
    assert statistics_of(tmp_path)["split"] == "statistics"
    schema = Schema.load(str(tmp_path / "run" / "data"))
    assert schema.splits["statistics"].rows == 720
    assert schema.hash() != first.hash()


def test_files_are_converted_once(tmp_path, files):
    """Catches work done again, and files that changed left as they were."""
    assert run(tmp_path, 0, files["one"]).code == 0
    shards = tmp_path / "run" / "data" / PHASES[1]
    times = []
    for _ in range(2):
        assert run(tmp_path, 1, files["held_out"]).code == 0
        [shard] = shards.glob("*.tfrecord")
        times.append(shard.stat().st_mtime_ns)
    assert times[0] == times[1]
    write(files["held_out"], 150, seed=9)
    assert run(tmp_path, 1, files["held_out"]).code == 0
    assert statistics_of(tmp_path)["time_rows"] == 150 * 6


def test_labels_that_are_all_alike(tmp_path, files):
    """Catches thresholds by labels of one class."""
    assert run(tmp_path, 0, files["one"]).code == 0
    assert run(tmp_path, 1, files["held_out"]).code == 0
    one_class = write(tmp_path / "normal.csv", 120, label=0)
    wanted = "--labeled_tune_thresh=True"
    ended = run(tmp_path, 2, one_class, wanted)
    assert ended.code == 2
    assert "120 labelled 0, 0 labelled 1" in ended.errors
    assert run(tmp_path, 2, one_class).code == 0


@pytest.mark.parametrize(
    "shape, words",
    [
        ({"num_steps": 7}, "sequences of the same length"),
        ({"num_features": 2}, "one field for each feature"),
    ],
)
def test_files_that_do_not_fit(tmp_path, files, shape, words):
    """Catches a split of other data beside that of train."""
    assert run(tmp_path, 0, files["one"]).code == 0
    path = write(tmp_path / "unfit.csv", 120, **shape)
    ended = run(tmp_path, 1, path)
    assert ended.code == 2
    assert words in ended.errors


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--training_mode=all"], "names the files of one phase"),
        ([f"--training_mode={PHASES[1]}"], "Phases run in order"),
        (["--training_mode=reconstruction", "--input=x"], "`input` both name"),
        (["--training_mode=reconstruction", "--preset=talk_pca"], "both name"),
    ],
)
def test_wrong_use(tmp_path, files, flags, words):
    """Catches files that nobody reads, and phases without a first one."""
    ended = main_job.call(
        task.main,
        f"--train_file_pattern={files['one']}",
        f"--output_dir={tmp_path / 'run'}",
        *FLAGS,
        *flags,
    )
    assert ended.code == 2
    assert words in ended.errors


@pytest.mark.parametrize(
    "flags, preset",
    [
        (["--model_type=pca"], "talk_pca"),
        (["--model_type=lstm_enc_dec_autoencoder"], "talk_lstm"),
        (["--train_file_pattern=x"], "talk_dense"),
        (["--train_file_pattern=x", "--preset=talk_lstm"], "talk_lstm"),
        ([], "recommended"),
    ],
)
def test_the_preset_that_is_meant_is_recorded(flags, preset):
    """Catches a run that goes on with another preset's flags."""
    assert parse(flags).run.preset == preset
