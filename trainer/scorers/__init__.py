"""Scorers: one file each. Names to import paths, loaded when chosen."""

SCORERS = {
    "gaussian_log_likelihood": (
        "trainer.scorers.gaussian_log_likelihood:GaussianLogLikelihood"
    ),
    "mahalanobis": "trainer.scorers.mahalanobis:Mahalanobis",
    "scaled_residual": "trainer.scorers.scaled_residual:ScaledResidual",
    "smoothed_error": "trainer.scorers.smoothed_error:SmoothedError",
}
