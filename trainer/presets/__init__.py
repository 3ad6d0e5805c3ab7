"""Presets: one file each. Names to import paths, loaded when chosen."""

PRESETS = {
    "recommended": "trainer.presets.recommended:PRESET",
    "recommended_offline": "trainer.presets.recommended_offline:PRESET",
    "talk_dense": "trainer.presets.talk_dense:PRESET",
    "talk_pca": "trainer.presets.talk_pca:PRESET",
}

# The talk's --model_type to the preset that it names.
MODEL_TYPES = {
    "dense_autoencoder": "talk_dense",
    "pca": "talk_pca",
}
