"""Principal components and cell errors: scikit-learn, loops, known ranks."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from trainer.statistics.components import (
    best_num_components,
    cell_errors,
    leftover_projection,
    principal_components,
)


def rows_of_rank(rank, num_rows=400, width=7, noise=0.3, seed=1):
    """Rows that follow a few causes, the same ones for every seed."""
    generator = np.random.default_rng(seed)
    mixture = np.random.default_rng(99).normal(size=(rank, width))
    causes = generator.normal(size=(num_rows, rank))
    noises = generator.normal(size=(num_rows, width))
    return causes @ mixture + noise * noises + np.arange(width)


def fitted(rows):
    return principal_components(rows.mean(axis=0), np.cov(rows.T))


def errors_on(components, rows):
    covariance = np.atleast_2d(np.cov(rows.T, ddof=0))
    return cell_errors(components, rows.mean(axis=0), covariance)


def naive_cell_errors(components, rows):
    """Scores fitted to the other cells, cell by cell."""
    centred = rows - components.mean
    width = rows.shape[1]
    variances = np.mean(centred**2, axis=0)
    errors = []
    for number in range(width):
        directions = components.directions[:, :number]
        of_cells = []
        for cell in range(width):
            others = np.arange(width) != cell
            scores = np.linalg.lstsq(
                directions[others], centred[:, others].T, rcond=1e-8
            )[0]
            missed = centred[:, cell] - directions[cell] @ scores
            of_cells.append(min(np.mean(missed**2), variances[cell]))
        errors.append(np.mean(of_cells))
    return np.array(errors)


def plain_errors(components, rows):
    """The talk's criterion: the residual of the whole row."""
    centred = rows - components.mean
    return [
        np.mean((centred @ leftover_projection(components.directions, k)) ** 2)
        for k in range(rows.shape[1])
    ]


def test_equals_scikit_learn():
    """Catches another divisor, order, or sign of the directions."""
    rows = rows_of_rank(7, noise=1.0)
    found, expected = fitted(rows), PCA().fit(rows)
    largest = np.abs(expected.components_).argmax(axis=1)
    signs = np.sign(expected.components_[np.arange(7), largest])
    directions = (expected.components_ * signs[:, np.newaxis]).T
    np.testing.assert_allclose(found.mean, expected.mean_)
    np.testing.assert_allclose(found.directions, directions, atol=1e-9)
    np.testing.assert_allclose(found.variances, expected.explained_variance_)
    np.testing.assert_allclose(
        found.explained_ratio, expected.explained_variance_ratio_
    )


def test_discarded_variances_are_the_squares_that_are_left():
    """Catches a projection on other directions than the first."""
    rows = rows_of_rank(3)
    components = fitted(rows)
    for number in range(8):
        leftover = leftover_projection(components.directions, number)
        squares = np.sum(((rows - components.mean) @ leftover) ** 2)
        expected = components.variances[number:].sum()
        assert squares / (len(rows) - 1) == pytest.approx(expected, abs=1e-12)


def test_nothing_is_left_of_all_components():
    """Catches a direction that is lost, or counted twice."""
    directions = fitted(rows_of_rank(3)).directions
    assert not leftover_projection(directions, 7).any()
    np.testing.assert_allclose(
        leftover_projection(directions, 0), np.eye(7), atol=1e-14
    )


def test_signs_do_not_hang_on_rounding():
    """Catches a direction that turns around where two entries are equal."""
    for change in (-1e-15, 0.0, 1e-15):
        covariance = np.array([[1.0 + change, -0.5], [-0.5, 1.0 - change]])
        found = principal_components(np.zeros(2), covariance)
        np.testing.assert_allclose(
            found.directions * np.sqrt(2), [[1, 1], [-1, 1]], atol=1e-12
        )


def test_contradicting_pairs_have_no_negative_variance():
    """Catches a ratio above 1, and a root of something negative."""
    covariance = np.array([[1.0, 2.0], [2.0, 1.0]])
    found = principal_components(np.zeros(2), covariance)
    np.testing.assert_allclose(found.variances, [3.0, 0.0], atol=1e-12)
    assert found.explained_ratio.max() <= 1.0
    assert np.isfinite(cell_errors(found, np.zeros(2), covariance)).all()


def test_no_variance_explains_nothing_known():
    """Catches 0 / 0 that is told as 0 or 1."""
    found = principal_components(np.ones(3), np.zeros((3, 3)))
    assert np.isnan(found.explained_ratio).all()
    errors = cell_errors(found, np.ones(3), np.zeros((3, 3)))
    np.testing.assert_array_equal(errors, 0)
    assert best_num_components(errors) == 1


@pytest.mark.parametrize("rank", [1, 3, 7])
@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_cell_errors_equal_least_squares(rank, shift):
    """Catches a wrong leverage, or held-out rows centred by themselves."""
    components = fitted(rows_of_rank(rank))
    rows = rows_of_rank(rank, 60, seed=2) + shift
    np.testing.assert_allclose(
        errors_on(components, rows),
        naive_cell_errors(components, rows),
        rtol=1e-8,
    )


def test_a_cell_of_its_own_cannot_be_predicted():
    """Catches 0 / 0, and one cell that outweighs all others."""
    rows = rows_of_rank(2, width=6)
    alone = 9 * np.random.default_rng(3).normal(size=(len(rows), 1))
    lonely = np.hstack([rows, alone])
    covariance = np.cov(lonely.T, ddof=0)
    for exactly in (True, False):
        if exactly:
            covariance[-1, :-1] = covariance[:-1, -1] = 0.0
        components = principal_components(lonely.mean(axis=0), covariance)
        errors = cell_errors(components, lonely.mean(axis=0), covariance)
        # 1 for the lonely cell, 2 for the causes of the others.
        assert best_num_components(errors) == 3
        assert errors[3] * 7 == pytest.approx(covariance[-1, -1], rel=0.1)
        covariance = np.cov(lonely.T, ddof=0)


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_finds_a_known_rank_where_the_talk_does_not(rank):
    """Catches an error that further components can only make smaller."""
    components = fitted(rows_of_rank(rank, 4000, width=10))
    rows = rows_of_rank(rank, 1000, width=10, seed=2)
    assert best_num_components(errors_on(components, rows)) == rank
    # Nine of ten: the talk's own choice, whatever the rank.
    assert 1 + np.argmin(plain_errors(components, rows)[1:]) == 9


def test_rank_without_noise_is_the_smallest_that_is_enough():
    """Catches a choice among errors that are only rounding."""
    components = fitted(rows_of_rank(3, width=10, noise=0.0))
    errors = errors_on(components, rows_of_rank(3, 90, 10, 0.0, seed=2))
    assert best_num_components(errors) == 3
    assert errors[2] > 0.01


def test_constant_columns_change_nothing():
    """Catches components of columns without variance."""
    train, rows = rows_of_rank(2), rows_of_rank(2, 90, seed=2)
    expected = errors_on(fitted(train), rows)
    wide = [np.insert(each, 3, 5.0, axis=1) for each in (train, rows)]
    found = errors_on(fitted(wide[0]), wide[1])
    np.testing.assert_allclose(found[:4] * 8, expected[:4] * 7, rtol=1e-8)
    assert best_num_components(found) == best_num_components(expected) == 2


def test_a_single_column_has_nothing_to_choose():
    """Catches a component that copies the only value."""
    rows = np.random.default_rng(1).normal(size=(50, 1)) + 2
    components = principal_components(np.array([1.5]), np.array([[1.0]]))
    errors = errors_on(components, rows)
    np.testing.assert_allclose(errors, [np.mean((rows - 1.5) ** 2)])
    assert best_num_components(errors) == 0


def test_the_first_of_equal_errors_is_taken():
    """Catches more components for an error that is not smaller."""
    assert best_num_components(np.array([9.0, 2.0, 2.0 - 1e-14, 3.0])) == 1
    assert best_num_components(np.array([1.0, 3.0, 2.0, 0.0])) == 2


def test_two_directions_are_left_over():
    """Catches residuals that are all of one shape."""
    assert best_num_components(np.array([3.0, 2.0, 1.0])) == 1
    assert best_num_components(np.array([2.0, 1.0])) == 1


def test_infinite_moments_are_an_error():
    """Catches weights of NaN that a model would be saved with."""
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="finite moments.*`ignored`"):
            principal_components(np.array([0.0, bad]), np.eye(2))
        with pytest.raises(ValueError, match="finite moments.*`ignored`"):
            principal_components(np.zeros(2), np.full((2, 2), bad))
