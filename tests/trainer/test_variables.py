import numpy as np
import pytest
from data_sets import make_detector

from trainer import variables
from trainer.arrays import in_order, numbered


def test_round_trip(long_data_set):
    """Weights in another order, or rounded to float32."""
    _, schema = long_data_set
    detector = make_detector(schema)
    rng = np.random.default_rng(1)
    wanted = [
        rng.normal(size=array.shape).astype(array.dtype)
        for array in variables.read(detector.state_variables)
    ]
    named = numbered("variable", wanted) | {"other/0000": wanted[0]}
    variables.assign(detector.state_variables, in_order("variable", named))
    for found, array in zip(
        variables.read(detector.state_variables), wanted, strict=True
    ):
        np.testing.assert_array_equal(found, array)
    assert {array.dtype.name for array in wanted} >= {"float32", "float64"}


def test_more_than_9999_arrays_keep_their_order():
    """Names that sort as text."""
    arrays = [np.array(position) for position in range(10_002)]
    found = in_order("v", numbered("v", arrays))
    assert [int(array) for array in found] == list(range(10_002))


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays[:-1],
        lambda arrays: [array.astype("f8") for array in arrays],
        lambda arrays: [array[None] for array in arrays],
    ],
)
def test_arrays_of_another_detector(long_data_set, change):
    """Weights broadcast or cut to fit."""
    _, schema = long_data_set
    detector = make_detector(schema)
    arrays = change(variables.read(detector.network.trainable_variables))
    with pytest.raises(ValueError, match="another version"):
        variables.assign(detector.network.trainable_variables, arrays)
