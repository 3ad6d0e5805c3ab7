"""Trains a detector: `python -m trainer.task --data_dir=... --output_dir=...`.

Runs the three phases in order, or one of them, and exports the model. With
--input in place of --data_dir it makes the data set before, and a report after.
"""

import contextlib
import dataclasses
import logging
import os
import shlex
import sys
from collections.abc import Iterator, Sequence

from trainer import log_format, one_command, phase_files, storage
from trainer.cluster import check_port_free
from trainer.command_line import Config, parse, parse_run
from trainer.config import MODEL_MARKER, PHASES, RunSettings
from trainer.container_flags import container_flags
from trainer.environment import Environment
from trainer.flags import check_given, run_command
from trainer.gathering import wait_for_all
from trainer.memory import keep_freed_memory
from trainer.preemption import Preemption
from trainer.schema import Schema, declared_roles
from trainer.thresholds.wanted_alarms import WantedAlarms


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    arguments = list(sys.argv[1:] if argv is None else argv)
    log_format.configure(log_format.asked_for(arguments))
    preemption = Preemption()
    with preemption.installed():
        return run_command(
            lambda: _train(arguments, preemption), log_format.tell_error
        )


def _checked(
    arguments: Sequence[str], environment: Environment, preemption: Preemption
) -> tuple[Config, Schema]:
    """All that can be refused before training; the data set, if to be made."""
    handed_on = _preprocess(arguments, environment, preemption)
    config = parse(arguments, environment, handed_on)
    if not config.run.data_dir:
        raise ValueError(
            "`data_dir` must be given, or `input`. Received: neither. Add "
            "--input=FILE for files as they are, or --data_dir=FOLDER for "
            "what preprocessing wrote; --help explains."
        )
    check_given(config.run, ("output_dir",))
    log_format.configure(config.run.log_format)
    num_local = max(1, config.run.num_replicas)
    config.run.check_replicas(environment.cluster.num_workers * num_local)
    check_port_free(environment.cluster)
    schema = Schema.load(config.run.data_dir)
    if environment.cluster.is_chief:
        _check_output(config.run)
    settings = _resolved(config, schema)
    schema = schema.with_roles(declared_roles(settings))
    return dataclasses.replace(config, run=settings), schema


def _preprocess(
    arguments: Sequence[str], environment: Environment, preemption: Preemption
) -> Sequence[str]:
    """Makes the data set of an input; returns the names of flags for that."""
    settings = parse_run(arguments, environment)
    is_help = bool({"-h", "--help"}.intersection(arguments))
    if settings.train_file_pattern and not is_help:
        check_given(settings, ("output_dir",))
        phase_files.check(settings, environment.cluster.num_workers)
        _check_output(settings)
        with _ended_by(preemption):
            phase_files.make_data_set(settings)
    if not settings.input:
        return ()
    handed_on = one_command.flag_names()
    if not is_help:
        check_given(settings, ("output_dir",))
        one_command.check(settings, environment.cluster.num_workers)
        _check_output(settings)
        request = one_command.checked_input(arguments, settings)
        # Loads TensorFlow, and refuses what would be refused after the work.
        parse(arguments, environment, handed_on)
        with _ended_by(preemption):
            one_command.make_data_set(request, settings)
    return handed_on


def _is_over(arguments: Sequence[str], environment: Environment) -> bool:
    """Whether the talk has a command for what an earlier one has done."""
    if not parse_run(arguments, environment).train_file_pattern:
        return False
    settings = parse(arguments, environment).run
    is_over = phase_files.is_second_search(arguments, settings)
    if is_over:
        logging.getLogger(__name__).info(
            "Nothing is left to do: the first run has chosen the principal "
            "components, from its --eval_file_pattern."
        )
    return is_over


@contextlib.contextmanager
def _ended_by(preemption: Preemption) -> Iterator[None]:
    """Ends where that was requested, whatever Beam makes of the signal."""
    try:
        yield
    except Exception:
        if preemption.is_requested:
            preemption.end()
        raise


def _train(arguments: Sequence[str], preemption: Preemption) -> None:
    environment = Environment.read(os.environ)
    arguments = [
        *container_flags(arguments, environment.container),
        *arguments,
    ]
    if _is_over(arguments, environment):
        return
    config, schema = _checked(arguments, environment, preemption)
    settings, cluster = config.run, environment.cluster
    if not settings.resume:
        preemption.way_on = "with --resume=true the command goes on from here"
    if settings.keep_freed_memory:
        keep_freed_memory()
    import tensorflow as tf

    from trainer.training import Training
    from trainer.workers import LOST_WORKER_ERRORS, Workers

    # GPUs' short float32 products would differ from a CPU's by 1e-3.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    training: Training | None = None
    try:
        wait_for_all(cluster)
        with preemption.released():
            workers = Workers(cluster, settings.num_replicas, preemption)
        # The chief speaks for all.
        log_format.configure(settings.log_format, is_quiet=not cluster.is_chief)
        training = Training(
            config,
            schema,
            shlex.join(["python", "-m", "trainer.task", *arguments]),
            workers,
            preemption,
            environment.reports_metric,
        )
        training.run()
        if settings.reports_itself:
            one_command.report(settings)
    except Exception as error:
        if preemption.is_requested and not isinstance(error, OSError):
            # TensorFlow makes other errors of what a signal raises within it;
            # an OSError says that the last checkpoint was not written.
            preemption.end()
        is_lost = isinstance(error, LOST_WORKER_ERRORS)
        if cluster.num_workers == 1 or not is_lost:
            raise
        if training and training.has_written and not settings.resume:
            # Anew, but not again: the last of two flags counts.
            arguments = [*arguments, "--resume=true"]
        _start_again(arguments, error)


def _start_again(arguments: Sequence[str], error: Exception) -> None:
    """Makes this process a new one, which waits until all workers are there.

    What TensorFlow knows of the cluster cannot be mended within a process.
    """
    logger = logging.getLogger(__name__)
    logger.warning(
        "Another worker is gone. This one starts again, waits until it is back "
        "and goes on from the last checkpoint."
    )
    logger.debug("What TensorFlow told", exc_info=error)
    sys.stdout.flush()
    command = [sys.executable, "-m", "trainer.task", *arguments]
    os.execv(sys.executable, command)


def _check_output(settings: RunSettings) -> None:
    output_dir, data_dir = settings.output_dir, settings.data_dir
    model_dir = settings.model_dir or os.path.join(output_dir, "model")
    for name in ("data_dir", "output_dir", "checkpoint_dir", "log_dir"):
        folder = getattr(settings, name)
        if folder and storage.is_within(folder, model_dir):
            raise ValueError(
                "`model_dir` is replaced whole, so nothing else must lie in "
                f"it. Received: model_dir={model_dir}, {name}={folder}. Name "
                "another --model_dir."
            )
    storage.check_replaceable(model_dir, MODEL_MARKER)
    if storage.is_same_folder(output_dir, data_dir):
        raise ValueError(
            "`output_dir` must not be the data set's folder, which is replaced "
            f"whole by the next preprocessing. Received: {output_dir} for "
            "both. Name another output_dir."
        )
    folders = {
        "output_dir": output_dir,
        "checkpoint_dir": settings.checkpoint_dir,
        "log_dir": settings.log_dir,
        # The folder itself is made by the export.
        "model_dir": os.path.dirname(settings.model_dir.rstrip("/")),
    }
    for name, folder in folders.items():
        if folder:
            storage.check_writable(folder, name)


def _resolved(config: Config, schema: Schema) -> RunSettings:
    """Fills what the schema knows; refuses what contradicts it."""
    settings = config.run
    names = schema.feature_names
    if settings.num_feat not in (0, len(names)):
        raise ValueError(
            f"`num_feat` must agree with the schema's {len(names)} features. "
            f"Received: num_feat={settings.num_feat}. Leave the flag out."
        )
    if settings.feat_names not in ((), names):
        raise ValueError(
            f"`feat_names` must agree with the schema: {', '.join(names)}. "
            f"Received: {', '.join(settings.feat_names)}. Leave the flag out."
        )
    length = settings.window_length or schema.sequence_length
    length = length or config.usual_window_length()
    if schema.sequence_length not in (0, length):
        raise ValueError(
            "`window_length` must be the length of the labelled sequences, "
            f"{schema.sequence_length}. Received: window_length={length}. "
            "Leave the flag out."
        )
    tuning = schema.splits["tuning"]
    if (
        settings.uses_labels
        and settings.training_mode in ("all", PHASES[-1])
        and not (tuning.normal and tuning.anomalous)
    ):
        raise ValueError(
            "Tuning on labels needs both classes in the tuning split. "
            f"Received: uses_labels=true, {tuning.normal} labelled 0, "
            f"{tuning.anomalous} labelled 1. Give labels of both, or leave "
            "--uses_labels (--labeled_tune_thresh) out."
        )
    for rule in (config.threshold_rule, config.label_free_threshold_rule):
        if isinstance(rule, WantedAlarms):
            # Refuses a rate a day without a sampling period.
            rule.num_wanted(1, schema.steps_per_day)
    return dataclasses.replace(settings, window_length=length)


if __name__ == "__main__":
    sys.exit(main())
