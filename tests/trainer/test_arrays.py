import numpy as np
import pytest

from trainer.arrays import flatten, from_bytes, to_bytes, unflatten
from trainer.statistics.pairwise import PairwiseMoments


def test_statistics_survive_the_journey():
    """A field left out, or two of them swapped: other statistics merged."""
    rows = np.random.default_rng(1).normal(size=(50, 3))
    rows[::7, 1] = np.nan
    moments = {"one": PairwiseMoments.from_batch(rows)}
    sent = {str(i): leaf for i, leaf in enumerate(flatten(moments))}
    received = from_bytes(to_bytes(sent))
    template = {"one": PairwiseMoments.empty(3)}
    found = unflatten(template, [received[str(i)] for i in range(len(sent))])
    np.testing.assert_array_equal(
        found["one"].covariance(), moments["one"].covariance()
    )
    assert found["one"].count == 50
    assert isinstance(found["one"].count, int)


def test_merging_what_was_received():
    """Statistics of workers that merge otherwise than in one process."""
    rows = np.random.default_rng(2).normal(size=(60, 2)) + 1e6
    parts = [PairwiseMoments.from_batch(part) for part in np.split(rows, 3)]
    empty = PairwiseMoments.empty(2)
    merged = empty
    for part in parts:
        merged = merged.merge(unflatten(empty, flatten(part)))
    np.testing.assert_allclose(merged.covariance(), np.cov(rows.T), rtol=1e-10)


def test_too_many_leaves():
    """Leaves of another structure taken in silence, or running out."""
    with pytest.raises(ValueError, match="1 leaves"):
        unflatten({"a": 1.0, "b": 2.0}, flatten(1.0))
    with pytest.raises(ValueError, match="3 leaves"):
        unflatten({"a": 1.0, "b": 2.0}, flatten((1.0, 2.0, 3.0)))


def test_objects_are_no_arrays():
    """A pickle, which runs code when it is loaded."""
    with pytest.raises(ValueError, match="[Oo]bject"):
        to_bytes({"a": np.array([{}], dtype=object)})
