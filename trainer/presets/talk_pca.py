"""The talk's principal component analysis, with its faults mended.

Google Advanced Solutions Lab, "Time Series Anomaly Detection" (2019).
Expected on the talk's own data: every test sequence told apart in both views,
in seconds.
"""

from trainer.presets import talk_flags

__all__ = ["PRESET"]

PRESET = talk_flags.preset("pca")
