"""Scorers: one file each. Names to import paths, loaded when chosen."""

SCORERS = {
    "mahalanobis": "trainer.scorers.mahalanobis:Mahalanobis",
    "scaled_residual": "trainer.scorers.scaled_residual:ScaledResidual",
}
