"""Principal components as weights; their number chosen from held-out data."""

import logging
from typing import Any

import keras
import numpy as np

from trainer.statistics.components import (
    best_num_components,
    cell_errors,
    leftover_projection,
    principal_components,
)
from trainer.statistics.pairwise import PairwiseMoments

__all__ = ["ComponentsProjection"]

_logger = logging.getLogger(__name__)


class ComponentsProjection(keras.layers.Layer):
    """What the first principal components leave of rows, and how many.

    Weights, float64: mean `[feature]`, and leftover `[feature, feature]`, the
    projection that a centred row is multiplied by.

    Args:
        flag: name of the setting that gives their number.
        num_wanted: of components; 0 = the best for held-out data.
        num_features: values a row.
    """

    def __init__(self, flag: str, num_wanted: int, num_features: int):
        super().__init__()
        self._num_wanted = num_wanted
        self._num_features = num_features
        if num_features == 1 and not num_wanted:
            _logger.warning(
                "`%s`: rows of 1 value have no components to choose from, so "
                "the residual is the deviation from the mean.",
                flag,
            )
        elif num_wanted >= num_features:
            raise ValueError(
                f"`{flag}` must be below the values of a row, {num_features}, "
                f"or nothing is left to judge. Received: {flag}={num_wanted}. "
                f"Leave --{flag} out."
            )

    def build(self, input_shape):
        """Makes the weights."""
        for name, shape in (
            ("mean", (self._num_features,)),
            ("leftover", (self._num_features, self._num_features)),
        ):
            weight = self.add_weight(
                name=name,
                shape=shape,
                dtype="float64",
                initializer="zeros",
                trainable=False,
                autocast=False,
            )
            setattr(self, name, weight)
        self.built = True

    def finalize(
        self, moments: PairwiseMoments, held_out: PairwiseMoments
    ) -> dict[str, Any]:
        """Takes the weights; returns what the number was chosen by."""
        components = principal_components(moments.mean, moments.covariance())
        errors = cell_errors(
            components, held_out.mean, held_out.covariance(ddof=0)
        )
        chosen = self._num_wanted or best_num_components(errors)
        self.mean.assign(components.mean)
        self.leftover.assign(leftover_projection(components.directions, chosen))
        return {
            "explained_variance_ratio": _known(components.explained_ratio),
            "cell_error": np.sqrt(errors).tolist(),
            "chosen": chosen,
        }


def _known(ratios: np.ndarray) -> list[float]:
    """JSON has no NaN: no ratios where there is no variance."""
    return [] if np.isnan(ratios).any() else ratios.tolist()
