"""Blocks of training steps that take as long as a test says."""

__all__ = ["Clock", "train_block"]


class Clock:
    """Seconds that pass when told."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds

    def wait(self, seconds):
        self.seconds += seconds


def train_block(progress, clock, step, seconds, steps=10, loss=0.5):
    """Ends a block of `steps`, 8 windows each, after `seconds`."""
    clock.wait(seconds)
    progress.on_train_batch_end(
        step, {"steps": steps, "windows": steps * 8, "loss": loss}
    )
