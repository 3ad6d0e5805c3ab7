"""Runs of `trainer.task` in this process, small ones."""

from trainer import task

__all__ = ["SMALL", "train"]

SMALL = [
    "--preset=talk_dense",
    "--encoder_units=8",
    "--decoder_units=8",
    "--window_length=12",
    "--epochs=2",
    "--driver=graph",
    "--tensorboard=false",
]


def train(data_set, output, *flags):
    """Trains; returns the exit code."""
    data_dir, _ = data_set
    return task.main(
        [f"--data_dir={data_dir}", f"--output_dir={output}", *flags]
    )
