"""Presets: one file each. Names to import paths, loaded when chosen."""

PRESETS = {
    "lstm_ad": "trainer.presets.lstm_ad:PRESET",
    "recommended": "trainer.presets.recommended:PRESET",
    "recommended_offline": "trainer.presets.recommended_offline:PRESET",
    "talk_dense": "trainer.presets.talk_dense:PRESET",
    "talk_lstm": "trainer.presets.talk_lstm:PRESET",
    "talk_pca": "trainer.presets.talk_pca:PRESET",
    "telemanom": "trainer.presets.telemanom:PRESET",
}

# The talk's --model_type to the preset that it names.
MODEL_TYPES = {
    "dense_autoencoder": "talk_dense",
    "lstm_autoencoder": "talk_lstm",
    "lstm_enc_dec_autoencoder": "talk_lstm",
    "pca": "talk_pca",
}
