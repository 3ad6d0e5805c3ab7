"""The detector to begin with: a linear forecast and a robust scale a column.

Nothing in it is random and it has no epochs: seconds a series. Its constants
were chosen on 21 public series (three machines of SMD, 14 channels of SMAP and
MSL, four servers of ASD), so figures on those are too good; `README.md` shows
others beside them.
"""

from trainer.config import Preset

__all__ = ["PRESET"]

PRESET = Preset(
    network="vector_autoregression",
    scorer="scaled_residual",
    threshold_rule="f_beta",
    label_free_threshold_rule="peaks_over_threshold",
)
