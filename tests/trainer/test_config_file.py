"""Settings from a file, below the flags of the command line."""

import json

import pytest
from task_runs import train

from trainer.command_line import parse
from trainer.config_file import read_words


def written(path, settings):
    path.write_text(json.dumps({"settings": settings}))
    return str(path)


def test_flags_go_before_the_file(tmp_path):
    """Catches a file that replaces what the user has said."""
    path = written(
        tmp_path / "best.json",
        {"preset": "talk_dense", "encoder_units": [7, 3], "seed": 5},
    )
    config = parse([f"--config={path}", "--seed=6"])
    assert config.run.network == "dense_autoencoder"
    assert config.network.encoder_units == (7, 3)
    assert config.run.seed == 6


def test_what_is_of_one_run_is_not_taken_over(tmp_path):
    """Catches results written into the folder of another run."""
    path = written(
        tmp_path / "config.json",
        {"output_dir": "elsewhere", "time_threshold": None, "seed": 3},
    )
    assert read_words(path) == ["--seed=3"]


def test_a_run_s_own_config_gives_its_settings_again(long_data_set, tmp_path):
    """Catches a value that does not come back as it went in."""
    flags = ["--context_length=3", "--smoothing_span=9", "--training_mode"]
    flags[-1] += "=reconstruction"
    assert train(long_data_set, tmp_path / "one", *flags) == 0
    first = json.loads((tmp_path / "one" / "config.json").read_text())
    file = f"--config={tmp_path / 'one' / 'config.json'}"
    assert train(long_data_set, tmp_path / "two", file, flags[-1]) == 0
    second = json.loads((tmp_path / "two" / "config.json").read_text())
    for settings in (first["settings"], second["settings"]):
        del settings["output_dir"], settings["config"]
    assert first["settings"] == second["settings"]


@pytest.mark.parametrize(
    "text,message",
    [
        ("", "must be JSON"),
        ("[1]", "must be JSON"),
        ('{"settings": {"no_such_field": 1}}', "no use for this flag"),
        ('{"settings": {"seed": "many"}}', "invalid int value"),
    ],
)
def test_unusable_files(tmp_path, text, message):
    """Catches settings that are left out without a word."""
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        parse([f"--config={path}"])


def test_a_file_that_is_not_there(tmp_path):
    """Catches the defaults trained in place of what was asked for."""
    with pytest.raises(ValueError, match="`config` must name a file"):
        parse([f"--config={tmp_path / 'nothing.json'}"])


def test_a_part_that_is_replaced_takes_its_settings_along(tmp_path):
    """Catches a refusal of flags that nobody gave."""
    settings = {"preset": "recommended", "context_length": 4, "seed": 3}
    path = written(tmp_path / "config.json", settings)
    config = parse([f"--config={path}", "--network=nearest_window"])
    assert config.run.network == "nearest_window"
    assert config.run.seed == 3
    config = parse([f"--config={path}", "--model_type=pca"])
    assert config.run.preset == "talk_pca"
