import pytest

from evaluation.page import colours


@pytest.mark.parametrize(
    "together",
    [
        colours.DETECTORS,
        colours.BASELINES,
        (colours.NORMAL, colours.ANOMALOUS, colours.UNKNOWN),
        (colours.SCORE, colours.THRESHOLD, colours.FLAG, colours.LABEL),
    ],
)
def test_colours_of_one_plot_differ(together):
    """Catches two kinds of marks that look alike."""
    assert len(set(together)) == len(together)
