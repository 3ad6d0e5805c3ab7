"""Threshold rules: one file each. Names to import paths, loaded when chosen."""

RULES = {
    "f_beta": "trainer.thresholds.f_beta:FBeta",
    "quantile": "trainer.thresholds.quantile:Quantile",
    "robust_sigma": "trainer.thresholds.robust_sigma:RobustSigma",
    "sigma": "trainer.thresholds.sigma:Sigma",
}
