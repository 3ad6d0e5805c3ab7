"""Searches held against the trainer's own flags."""

import dataclasses

import pytest
from searches import FILES, FOLDER

from hptuning.checking import check, check_apart
from hptuning.job import read_job
from hptuning.parameter import Parameter
from hptuning.study import study_of

DENSE = study_of(read_job(str(FOLDER / "dense_autoencoder.yaml")))


def with_parameter(*arguments, **fields):
    return dataclasses.replace(
        DENSE, parameters=(Parameter(*arguments, **fields),)
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_fits_the_trainer(path):
    """A flag renamed, a bound beyond its field's, another metric."""
    study = study_of(read_job(str(path)))
    defaults = check(study, ())
    names = {each.name for each in study.parameters}
    assert {*defaults.inside, *defaults.outside} == names


def test_defaults_in_and_out_of_reach():
    """A default that no trial has, taken for one of the choices."""
    other = Parameter("patience", choices=("2", "3"))
    parameters = (*DENSE.parameters, other)
    study = dataclasses.replace(DENSE, parameters=parameters)
    defaults = check(study, ())
    assert defaults.inside == {
        "encoder_units": "64 32 16",
        "decoder_units": "16 32 64",
        "batch_size": 32,
        "learning_rate": 0.001,
    }
    assert defaults.outside == {"feature_latent_size": 0, "patience": 5}


def test_names_of_the_talk():
    """A parameter by its other name, taken for one without effect."""
    study = with_parameter("train_batch_size", (8, 64))
    assert check(study, ()).inside == {"train_batch_size": 32}


def test_a_process_of_its_own_tells_the_same():
    """What cannot be handed over between processes; errors among them."""
    assert check_apart(DENSE, ()) == check(DENSE, ())
    with pytest.raises(ValueError, match="`metricId` must be val_loss"):
        check_apart(dataclasses.replace(DENSE, metric="rmse"), ())


@pytest.mark.parametrize(
    "parameter, words",
    [
        (("encoder_unit", (1, 2)), "Did you mean --encoder_units"),
        (("batch_size", (0, 8)), "`batch_size` must be at least 1"),
        (("batch_size", (1.0, 8.0)), "must have whole numbers"),
        (("encoder_units", (), ("64 32", "a b")), "--encoder_units=a b"),
        (("context_length", (1, 8)), "no use for this flag"),
        (("checkpoint_seconds", (1, 8)), "must make another model"),
        (("eps", (1, 8)), "must make another model"),
        (("driver", (), ("jit", "fast")), "--driver=fast"),
    ],
)
def test_refused_parameters(parameter, words):
    """A trial that fails after minutes, or a search for nothing."""
    with pytest.raises(ValueError, match=f"Parameter `{parameter[0]}`") as told:
        check(with_parameter(*parameter), ())
    assert words in str(told.value)


@pytest.mark.parametrize(
    "flags, words",
    [
        (("--training_mode=all",), "--training_mode=reconstruction"),
        (("--learning_rate=1",), "left to the trials"),
        (("--epochs=0",), "`epochs` must be at least 1"),
    ],
)
def test_refused_flags(flags, words):
    """A trial without a metric; a flag that trials would overrule."""
    with pytest.raises(ValueError, match=words):
        check(DENSE, flags)


def test_steps_of_a_network_without_steps():
    """batch_size of a network that learns in one pass."""
    study = dataclasses.replace(
        with_parameter("batch_size", (1, 8)),
        arguments=("--preset=recommended", "--training_mode=reconstruction"),
    )
    with pytest.raises(ValueError, match="learns in one pass"):
        check(study, ())
