"""Colours of the plots, distinct for colour-blind readers too.

References:
    Okabe, Ito (2008). Color Universal Design.
"""

__all__ = [
    "ANOMALOUS",
    "BASELINES",
    "DETECTORS",
    "FLAG",
    "GRID",
    "LABEL",
    "LINK",
    "NORMAL",
    "SCORE",
    "TEXT",
    "THRESHOLD",
    "UNKNOWN",
    "VALUE",
]

BLUE = "#0072B2"
VERMILION = "#D55E00"
GREEN = "#009E73"

# One for each detector, or split.
DETECTORS = (BLUE, VERMILION, GREEN, "#CC79A7", "#56B4E9", "#E69F00")
BASELINES = ("#555555", "#999999")
# Rows by their label.
NORMAL = BLUE
ANOMALOUS = VERMILION
UNKNOWN = "#777777"
# Within the plot of a series.
VALUE = BLUE
SCORE = "#444444"
THRESHOLD = GREEN
FLAG = VERMILION
LABEL = "rgba(230, 159, 0, 0.3)"
# Around all.
LINK = BLUE
TEXT = "#333333"
GRID = "#e6e6e6"
