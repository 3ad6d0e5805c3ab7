"""The command lines of the main job, and two runs that tests share."""

import contextlib
import dataclasses
import functools
import io
import logging
import pathlib

from evaluation import report
from inference import predict
from preprocessing import simulate
from preprocessing import task as preprocessing_task
from trainer import task as trainer_task
from trainer import variables
from trainer.arrays import in_order
from trainer.checkpoints import Checkpoints
from trainer.detector import Detector
from trainer.schema import Schema

QUICK = ("--driver=graph", "--tensorboard=false")


@dataclasses.dataclass(frozen=True)
class Result:
    """How a command ended and what it said."""

    code: int
    printed: str
    errors: str


@dataclasses.dataclass(frozen=True)
class Job:
    """Where one run of the main job put everything."""

    raw: pathlib.Path
    data: pathlib.Path
    output: pathlib.Path

    @property
    def model(self):
        return self.output / "model"

    def predict(self, pattern, name, *flags):
        """Scores files once for all tests; the path of the result."""
        path = self.output.parent / f"{name}.csv"
        if not path.exists():
            succeed(
                predict.main,
                f"--model={self.model}",
                f"--input={pattern}",
                f"--output={path}",
                *flags,
            )
        return path


def call(main, *flags):
    """Runs a command line in this process."""
    printed, errors = io.StringIO(), io.StringIO()
    log = logging.StreamHandler(errors)
    logging.getLogger().addHandler(log)
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(errors),
        ):
            code = main(list(flags))
    except SystemExit as stop:
        code = stop.code
    finally:
        logging.getLogger().removeHandler(log)
    return Result(code, printed.getvalue(), errors.getvalue())


def succeed(main, *flags):
    """Like `call`, for a command that has to end well."""
    result = call(main, *flags)
    assert result.code == 0, result.errors
    return result


def run_job(folder, raw, *preprocessing_flags, training_flags=()):
    """Preprocesses, trains all phases, exports and reports."""
    job = Job(raw, folder / "data", folder / "run")
    succeed(
        preprocessing_task.main, f"--output={job.data}", *preprocessing_flags
    )
    succeed(
        trainer_task.main,
        f"--data_dir={job.data}",
        f"--output_dir={job.output}",
        *QUICK,
        *training_flags,
    )
    succeed(report.main, f"--model={job.model}", f"--data={job.data}")
    return job


@functools.cache
def trained_detector(job):
    """The detector that training left in its newest checkpoint."""
    checkpoint = Checkpoints(str(job.output / "checkpoints")).latest()
    schema = Schema.load(str(job.data))
    detector = Detector(schema.to_json(), checkpoint.state["detector_config"])
    arrays = in_order("variable", checkpoint.arrays)
    variables.assign(detector.state_variables, arrays)
    return detector


@functools.cache
def built_in_data(folder):
    """Writes sequences/ and long/, few of each, under `folder`/built_in."""
    folder = folder / "built_in"
    succeed(
        simulate.main,
        f"--output={folder}",
        "--num_train=2000",
        "--num_validation=150",
        "--num_series=2",
        "--num_steps=1500",
        "--num_anomalies=8",
    )
    return folder


@functools.cache
def talk_job(folder):
    """The talk's sequences: 2,000 to train on, 300 to test on."""
    raw = built_in_data(folder) / "sequences"
    return run_job(
        folder / "talk_job",
        raw,
        f"--input={raw}",
        "--format=sequences",
        training_flags=["--preset=talk_dense", "--epochs=12"],
    )


@functools.cache
def long_job(folder):
    """Two long series of 1,500 rows with labels for each."""
    raw = built_in_data(folder) / "long"
    return run_job(
        folder / "long_job",
        raw,
        f"--input={raw}/*.csv",
        "--format=csv",
        "--timestamp_column=timestamp",
        "--series_column=series",
        "--label_column=label",
        "--ignored_columns=kind",
        training_flags=[
            "--epochs=2",
            "--preset=talk_dense",
            "--encoder_units=16",
            "--decoder_units=16",
        ],
    )
