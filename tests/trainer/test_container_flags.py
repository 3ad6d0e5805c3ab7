import pytest

from trainer.command_line import parse
from trainer.container import Container
from trainer.container_flags import container_flags
from trainer.presets import PRESETS

CONTAINER = Container(
    training="/opt/ml/input/data/training",
    validation="/opt/ml/input/data/validation",
    model_dir="/opt/ml/model",
    hyperparameters={
        "context_length": "50",
        "prediction_length": "5",
        "sequence_stride": "7",
        "hidden_size": "16",
        "num_layers": "3",
        "lr": "0.01",
        "dropout": "0.5",
        "batch_size": "8",
        "epochs": "4",
    },
)
HANDED_ON = (
    "format",
    "header",
    "max_bad_fraction",
    "validation_fraction",
    "statistics_fraction",
    "tuning_fraction",
    "test_fraction",
    "split_gap_rows",
)


def resolved(*arguments, container=CONTAINER):
    words = [*container_flags(arguments, container), *arguments]
    return parse(words, handed_on=HANDED_ON)


@pytest.mark.parametrize("preset", ["", *sorted(set(PRESETS) - {"lstm_ad"})])
def test_no_effect_on_other_presets(preset):
    """Catches a machine's variables that change what somebody else trains."""
    arguments = [f"--preset={preset}"] if preset else ["--epochs=3"]
    assert container_flags(arguments, CONTAINER) == []


@pytest.mark.parametrize(
    "arguments", [["--preset=lstm_ad"], ["--preset", "lstm_ad"]]
)
def test_all_hyperparameters(arguments):
    """Catches a hyperparameter that is dropped, or taken for another."""
    config = resolved(*arguments)
    network = config.network
    assert (network.context_length, network.horizon) == (50, 5)
    assert network.widths == (16, 16, 16)
    assert network.dropout == 0.5
    run = config.run
    assert (run.stride, run.batch_size, run.epochs) == (7, 8, 4)
    assert run.learning_rate == 0.01
    assert run.input == "/opt/ml/input/data/training"
    assert run.metric_input == "/opt/ml/input/data/validation"
    assert run.metric_lines
    assert run.model_dir == "/opt/ml/model"
    assert run.output_dir == "/opt/ml"
    assert run.data_dir == "/opt/ml/data"


def test_flags_of_the_command_line_win():
    """Catches a variable that overrides what was said, in either spelling."""
    words = ["--preset=lstm_ad", "--context-length", "60", "--units=9"]
    words += ["--learning_rate", "0.2", "--batch-size", "16"]
    words += ["--model_dir=there/model", "--metric_input="]
    config = resolved(*words)
    assert config.network.context_length == 60
    assert config.network.units == (9,)
    assert config.run.learning_rate == 0.2
    assert config.run.batch_size == 16
    assert config.run.model_dir == "there/model"
    assert config.run.metric_input == ""
    # What nobody said.
    assert config.network.horizon == 5


@pytest.mark.parametrize(
    "flag",
    [
        "--data_dir=data",
        "--input=mine.csv",
        "--input",
        "--train_file_pattern=x",
    ],
)
def test_a_named_input_stands_for_the_channel(flag):
    """Catches a file with a header that is read without, or not at all."""
    arguments = ["--preset=lstm_ad", flag]
    arguments += ["mine.csv"] if flag == "--input" else []
    words = container_flags(arguments, CONTAINER)
    names = {word.partition("=")[0] for word in words}
    assert not names & {"--input", "--header", "--metric_lines"}
    assert {"--units", "--model_dir"} <= names


def test_a_later_phase_alone():
    """Catches a phase that is refused for flags that nobody gave."""
    mode = "--training_mode=tune_anomaly_thresholds"
    words = container_flags(["--preset=lstm_ad", mode], CONTAINER)
    assert words == ["--output_dir=/opt/ml", "--model_dir=/opt/ml/model"]


def test_nothing_said():
    """Catches a folder or a format that nobody asked for."""
    assert container_flags(["--preset=lstm_ad"], Container()) == []
    only = Container(validation="there")
    assert container_flags(["--preset=lstm_ad"], only) == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("num_layer", "2", "Did you mean --num_layers"),
        ("epochs", "many", "invalid int value: 'many'"),
        ("dropout", "2", "`dropout` must be at most 0.99"),
    ],
)
def test_wrong_hyperparameters(name, text, message):
    """Catches a mistyped hyperparameter that leaves the default in place."""
    container = Container(hyperparameters={name: text})
    with pytest.raises(ValueError, match=message):
        resolved("--preset=lstm_ad", container=container)
