"""Trains a detector: `python -m trainer.task --data_dir=... --output_dir=...`.

Runs the three phases in order, or one of them, and exports the model.
"""

import dataclasses
import logging
import os
import shlex
import sys
from collections.abc import Sequence

from trainer import storage
from trainer.command_line import parse
from trainer.config import RunSettings
from trainer.flags import check_given, run_command
from trainer.schema import Schema

DEFAULT_WINDOW_LENGTH = 30


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("trainer").setLevel(logging.INFO)
    return run_command(
        lambda: _train(list(sys.argv[1:] if argv is None else argv))
    )


def _train(arguments: Sequence[str]) -> None:
    config = parse(arguments)
    check_given(config.run, ("data_dir", "output_dir"))
    schema = Schema.load(config.run.data_dir)
    output_dir = storage.check_local(config.run.output_dir)
    if os.path.realpath(output_dir) == os.path.realpath(config.run.data_dir):
        raise ValueError(
            "`output_dir` must not be the data set's folder, which is replaced "
            f"whole by the next preprocessing. Received: {output_dir} for "
            "both. Name another output_dir."
        )
    storage.check_writable(output_dir, "output_dir")
    settings = _resolved(config.run, schema)
    config = dataclasses.replace(config, run=settings)
    command = shlex.join(["python", "-m", "trainer.task", *arguments])
    # Here, since it loads TensorFlow: what could be checked without is.
    import tensorflow as tf

    from trainer.training import Training

    # GPUs' short float32 products would differ from a CPU's by 1e-3.
    tf.config.experimental.enable_tensor_float_32_execution(False)

    Training(config, schema, command).run()


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
