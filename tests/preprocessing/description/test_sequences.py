import numpy as np
from described_data import schema_of

from preprocessing.description.sequences import Group, sequence_figure


def test_sequences_are_drawn_in_the_colour_of_their_label():
    """Catches labels mixed up, and a line that joins two sequences."""
    normal = [np.array([[1.0, 10.0], [2.0, 20.0]]), np.array([[3.0, 30.0]])]
    strange = [np.array([[9.0, 90.0]])]
    groups = [Group(0, "train", normal), Group(1, "test", strange)]
    figure = sequence_figure(groups, [1, 0], schema_of(2))
    assert [
        (each.name, each.line.color, each.yaxis, each.showlegend)
        for each in figure.data
    ] == [
        ("2 normal, from train", "#0072B2", "y", True),
        ("2 normal, from train", "#0072B2", "y2", False),
        ("1 anomalous, from test", "#D55E00", "y", True),
        ("1 anomalous, from test", "#D55E00", "y2", False),
    ]
    assert figure.data[0].x.tolist() == [0, 1, 1, 0, 0]
    for line, expected in zip(
        figure.data,
        ([10, 20, np.nan, 30, np.nan], [1, 2, np.nan, 3, np.nan],
         [90, np.nan], [9, np.nan]),
        strict=True,
    ):  # fmt: skip
        np.testing.assert_array_equal(line.y, expected)
    texts = [each.text for each in figure.layout.annotations]
    assert texts == ["c1", "c0"]
