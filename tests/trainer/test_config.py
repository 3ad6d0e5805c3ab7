import dataclasses

import pytest

from trainer import config
from trainer.config import RunSettings


def test_unknown_name_lists_what_exists():
    """A message that does not help."""
    with pytest.raises(ValueError, match="There are: one, two"):
        config.load({"two": "x:y", "one": "x:y"}, "three", "network")


def test_run_settings_have_help():
    """A flag without a word of explanation."""
    for field in dataclasses.fields(RunSettings):
        assert field.metadata["text"]
