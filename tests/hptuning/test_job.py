"""Files of tuning jobs, and what is refused in them."""

import pytest
from google.cloud.aiplatform_v1.types import HyperparameterTuningJob
from searches import FILES, FOLDER

from hptuning.job import read_job
from hptuning.parameter import Parameter
from hptuning.study import study_of

TEXT = (FOLDER / "dense_autoencoder.yaml").read_text()
LATENT = "integerValueSpec: {minValue: 8, maxValue: 16}"


def study_from(tmp_path, text):
    path = tmp_path / "job.yaml"
    path.write_text(text)
    return study_of(read_job(str(path)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_a_job(path):
    """A field that the service does not know; a limit left out."""
    job = read_job(str(path))
    assert isinstance(job, HyperparameterTuningJob)
    assert job.display_name == f"residua-{path.stem.replace('_', '-')}"
    study = study_of(job)
    assert "--training_mode=reconstruction" in study.arguments
    assert f"hptuning/{path.name}" in path.read_text().partition("display")[0]


def test_what_a_study_takes_from_a_job():
    """Bounds swapped or rounded; a scale lost; numbers that are texts."""
    study = study_of(read_job(str(FOLDER / "dense_autoencoder.yaml")))
    parameters = {each.name: each for each in study.parameters}
    assert parameters["batch_size"] == Parameter(
        "batch_size", (8, 512), is_log=True
    )
    assert parameters["learning_rate"].bounds == (1e-4, 0.03)
    assert parameters["encoder_units"].choices[0] == "64 32 16"
    assert not parameters["feature_latent_size"].is_log
    assert study.takes_best and study.stops_by_median
    assert (study.max_trials, study.num_parallel, study.max_failed) == (
        30,
        2,
        0,
    )


def test_numbers_that_yaml_reads_as_text(tmp_path):
    """1e-4, which YAML 1.1 takes for a word."""
    study = study_from(tmp_path, TEXT.replace("0.0001", "1e-4"))
    assert study.parameters[-1].bounds == (1e-4, 0.03)


def test_discrete_numbers_as_flags_take_them(tmp_path):
    """8.0 for a flag of whole numbers."""
    text = TEXT.replace(LATENT, "discreteValueSpec: {values: [8, 0.5]}")
    assert study_from(tmp_path, text).parameters[2].choices == ("8", "0.5")


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("displayName", "display", 'no field named "display"'),
        (TEXT, "- a", "must be YAML of a Vertex AI"),
        (TEXT, "", "must be YAML of a Vertex AI"),
        (TEXT, "a: [", "must be YAML of a Vertex AI"),
        (TEXT, "a: 2020-01-01", "must be YAML of a Vertex AI"),
        ('"64 64 64"', "64", "expected string"),
        ("studySpec:", "labels: {a: b}\nstudySpec:", "labels"),
        (
            "medianAutomatedStoppingSpec: {}",
            "decayCurveStoppingSpec: {useElapsedDuration: true}",
            "studySpec.decayCurveStoppingSpec",
        ),
        (
            "medianAutomatedStoppingSpec: {}",
            "medianAutomatedStoppingSpec: {useElapsedDuration: true}",
            "useElapsedDuration",
        ),
        (LATENT, LATENT[:-1] + ", defaultValue: 9}", "defaultValue"),
        (
            LATENT,
            LATENT + "\n      conditionalParameterSpecs:\n"
            "        - parentIntValues: {values: [8]}\n"
            "          parameterSpec: {parameterId: patience, "
            "integerValueSpec: {minValue: 1, maxValue: 2}}",
            "conditionalParameterSpecs",
        ),
        ("MINIMIZE", "MAXIMIZE", "goal MINIMIZE"),
        ("    - metricId: val_loss\n      goal: MINIMIZE", "", "Received: none"),
        ("replicaCount: 1", "replicaCount: 2", "one replica"),
        ("maxTrialCount: 30", "", "at least 1"),
        ("parallelTrialCount: 2", "parallelTrialCount: 0", "at least 1"),
        ("Id: batch_size", "Id: decoder_units", "once"),
        ("UNIT_LOG_SCALE", "UNIT_REVERSE_LOG_SCALE", "UNIT_REVERSE_LOG_SCALE"),
        ("minValue: 0.0001", "minValue: 0", "above 0"),
        ("minValue: 0.0001", "minValue: 0.5", "not above"),
        (LATENT, "scaleType: UNIT_LINEAR_SCALE", "must have values"),
        (LATENT, "categoricalValueSpec: {values: []}", "Received: none"),
        (LATENT, 'categoricalValueSpec: {values: ["8", "8"]}', "each once"),
        (
            "measurementSelectionType: BEST_MEASUREMENT",
            "algorithm: GRID_SEARCH",
            "can be counted",
        ),
        ("--preset=talk_dense", "--batch_size=32", "--batch_size"),
        ("--preset=talk_dense", "--output_dir=gs://a/b", "--output_dir"),
    ],
)  # fmt: skip
def test_refusals(tmp_path, old, new, words):
    """What a person reads, instead of a trial that does something else."""
    assert old in TEXT
    with pytest.raises(ValueError, match="must") as refused:
        study_from(tmp_path, TEXT.replace(old, new))
    assert words in str(refused.value)
    assert "Received: " in str(refused.value)
