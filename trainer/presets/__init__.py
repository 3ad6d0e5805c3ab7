"""Presets: one file each. Names to import paths, loaded when chosen."""

PRESETS = {"talk_dense": "trainer.presets.talk_dense:PRESET"}
