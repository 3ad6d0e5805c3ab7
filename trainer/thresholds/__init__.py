"""Threshold rules: one file each. Names to import paths, loaded when chosen."""

RULES = {
    "dynamic": "trainer.thresholds.dynamic:Dynamic",
    "f_beta": "trainer.thresholds.f_beta:FBeta",
    "peaks_over_threshold": (
        "trainer.thresholds.peaks_over_threshold:PeaksOverThreshold"
    ),
    "quantile": "trainer.thresholds.quantile:Quantile",
    "robust_sigma": "trainer.thresholds.robust_sigma:RobustSigma",
    "sigma": "trainer.thresholds.sigma:Sigma",
}
