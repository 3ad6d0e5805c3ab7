"""Trains a detector: `python -m trainer.task --data_dir=... --output_dir=...`.

Runs the three phases in order, or one of them, and exports the model.
"""

import dataclasses
import logging
import os
import shlex
import sys
from collections.abc import Sequence

from trainer import log_format, storage
from trainer.cluster import check_port_free
from trainer.command_line import Config, parse
from trainer.config import MODEL_MARKER, RunSettings
from trainer.environment import Environment
from trainer.flags import check_given, run_command
from trainer.gathering import wait_for_all
from trainer.memory import keep_freed_memory
from trainer.preemption import Preemption
from trainer.schema import Schema

DEFAULT_WINDOW_LENGTH = 30


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
    arguments: Sequence[str], environment: Environment
) -> tuple[Config, Schema]:
    """All that can be refused before TensorFlow is loaded."""
    config = parse(arguments, environment)
    check_given(config.run, ("data_dir", "output_dir"))
    log_format.configure(config.run.log_format)
    num_local = max(1, config.run.num_replicas)
    config.run.check_replicas(environment.cluster.num_workers * num_local)
    check_port_free(environment.cluster)
    schema = Schema.load(config.run.data_dir)
    if environment.cluster.is_chief:
        _check_output(config.run)
    settings = _resolved(config.run, schema)
    return dataclasses.replace(config, run=settings), schema


def _train(arguments: Sequence[str], preemption: Preemption) -> None:
    environment = Environment.read(os.environ)
    config, schema = _checked(arguments, environment)
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


def _resolved(settings: RunSettings, schema: Schema) -> RunSettings:
    """Fills what the schema knows; refuses what contradicts it."""
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
    length = length or DEFAULT_WINDOW_LENGTH
    if schema.sequence_length not in (0, length):
        raise ValueError(
            "`window_length` must be the length of the labelled sequences, "
            f"{schema.sequence_length}. Received: window_length={length}. "
            "Leave the flag out."
        )
    return dataclasses.replace(settings, window_length=length)


if __name__ == "__main__":
    sys.exit(main())
