"""What the talk's own command lines must give, whatever the detector.

Only paths differ from those that the talk shows, and the wrapper that submits
them. Files are named for each phase; each phase is a command of its own. The
learning rate is that of the talk's notebook, 0.01 (its other pages have 0.1).
"""

import dataclasses
import json
import pathlib
import shutil

import main_job
import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from inference import instances
from inference.scoring import LoadedDetector
from preprocessing import anomalies, generators, simulate
from trainer import task
from trainer.config import PHASES

NUM_STEPS, NUM_FEATURES = 30, 5
NAMES = [f"tag_{number}" for number in range(NUM_FEATURES)]
TRAIN, HELD_OUT = "train_norm_seq.csv", "val_norm_1_seq.csv"
MIXED = {
    "labeled": "labeled_val_mixed_seq.csv",
    "unlabeled": "unlabeled_val_mixed_seq.csv",
}
TEST = "labeled_test_mixed_seq.csv"
# The talk gives the same words to all phases.
COMMON = (
    "--job-dir=./tmp",
    f"--seq_len={NUM_STEPS}",
    f"--num_feat={NUM_FEATURES}",
    f"--feat_names={','.join(NAMES)}",
    "--feat_defaults=" + ",".join([";".join(["0.0"] * NUM_STEPS)] * 5),
    "--train_batch_size=32",
    "--eval_batch_size=32",
    "--learning_rate=0.01",
    "--start_delay_secs=60",
    "--throttle_secs=120",
    "--time_loss_weight=1.0",
    "--feat_loss_weight=1.0",
    "--reverse_labels_sequence=True",
    "--eps=1e-12",
    "--num_time_anom_thresh=300",
    "--num_feat_anom_thresh=300",
    "--min_time_anom_thresh=1.0",
    "--max_time_anom_thresh=20.0",
    "--min_feat_anom_thresh=20.0",
    "--max_feat_anom_thresh=80.0",
    "--f_score_beta=0.05",
)
# The talk has eight times as many.
NUM_TRAIN, NUM_HELD_OUT = 8_000, 800
# Left for this program to say, not for the talk.
OURS = ("--tensorboard=false", "--driver=graph")


def words(kind, phase, output, train, held_out, steps):
    """A command line; `kind` is the class of the model type's tests."""
    return [
        f"--train_file_pattern={train}",
        f"--eval_file_pattern={held_out}",
        f"--output_dir={output}",
        f"--training_mode={phase}",
        f"--model_type={kind.model_type}",
        f"--previous_train_steps={steps}",
        f"--train_examples={NUM_TRAIN}",
        *COMMON,
        *kind.flags,
        *OURS,
    ]


@dataclasses.dataclass(frozen=True)
class Trained:
    """A model type after two phases, and after the third in both modes."""

    output: pathlib.Path
    labeled: LoadedDetector
    unlabeled: LoadedDetector


def sequences(path):
    """Values `[sequence, time, feature]` and labels of a raw file."""
    rows = [line.split(",") for line in path.read_text().split()]
    values = [[cell.split(";") for cell in row[:5]] for row in rows]
    labels = [int(row[5]) if len(row) > 5 else 0 for row in rows]
    return np.array(values, "f4").transpose(0, 2, 1), np.array(labels)


class TalkContract:
    """What each model type must keep; subclassed in a file of its own.

    Attributes:
        model_type: as the talk names it.
        flags: the talk's, for this type alone.
        beats_template: whether its reconstruction is to be nearer than the
            template of each sensor.
    """

    model_type: str
    flags: tuple[str, ...]
    beats_template = True

    @pytest.fixture(scope="class")
    def raw(self, tmp_path_factory):
        """The talk's files."""
        folder = tmp_path_factory.mktemp("talk_files")
        main_job.succeed(
            simulate.main,
            f"--output={folder}",
            f"--num_train={NUM_TRAIN}",
            f"--num_validation={NUM_HELD_OUT}",
            "--num_series=0",
        )
        return folder / "sequences"

    @pytest.fixture(scope="class")
    def trained(self, raw, tmp_path_factory):
        """The model type after each phase."""
        output = tmp_path_factory.mktemp(self.model_type) / "labeled"
        train, held_out = raw / TRAIN, raw / HELD_OUT
        first = words(self, PHASES[0], output, train, held_out, 0)
        main_job.succeed(task.main, *first, "--reconstruction_epochs=1.0")
        second = words(self, PHASES[1], output, held_out, held_out, 500)
        main_job.succeed(task.main, *second)
        other = output.with_name("unlabeled")
        shutil.copytree(output, other)
        for mode, folder in (("labeled", output), ("unlabeled", other)):
            mixed = raw / MIXED[mode]
            third = words(self, PHASES[2], folder, mixed, mixed, 550)
            flag = f"--labeled_tune_thresh={mode == 'labeled'}"
            main_job.succeed(task.main, *third, flag)
        return Trained(
            output,
            LoadedDetector(str(output / "model")),
            LoadedDetector(str(other / "model")),
        )

    def test_detection_is_perfect_on_the_talks_data(self, trained, raw):
        """Catches a phase that learned from other files, a rule that breaks down.

        Half of the sequences that the thresholds were tuned on are anomalous.
        """
        values, labels = sequences(raw / TEST)
        for detector in (trained.labeled, trained.unlabeled):
            scores = detector.score_sequences(values)
            assert set(scores) == {"time", "feature"}
            for view, scored in scores.items():
                assert scored.is_scored.all()
                flags = scored.is_anomaly.any(axis=1)
                np.testing.assert_array_equal(flags, labels, err_msg=view)

    def test_rules_are_those_that_were_asked_for(self, trained):
        """Catches labels used where they must not be, and the other way round."""
        assert trained.labeled.calibration["rule"] == "f_beta"
        assert trained.unlabeled.calibration["rule"] == "robust_sigma"
        metrics = json.loads((trained.output / "metrics.json").read_text())
        assert metrics[PHASES[1]]["time_rows"] == NUM_HELD_OUT * NUM_STEPS
        assert metrics[PHASES[2]]["windows"] == 2 * NUM_HELD_OUT
        assert metrics[PHASES[2]]["time_f_beta"] == 1

    def test_reconstruction_beats_what_is_trivial(self, trained, raw):
        """Catches a network that learned nothing (faults B1, B3, LSTM-a, LSTM-b).

        In raw units. The mean of each step of each sensor, the template, leaves
        the noise alone; only what sees all steps of a sensor at once can be nearer,
        by what a principal component or a latent value keeps of the noise.
        """
        train, _ = sequences(raw / TRAIN)
        values, labels = sequences(raw / TEST)
        normal = values[labels == 0]
        strings = [
            json.dumps(
                {
                    name: ";".join(map(str, sequence[:, position]))
                    for position, name in enumerate(NAMES)
                }
            )
            for sequence in normal[:400]
        ]
        answers = answered(trained, strings)
        zero = root_mean_square(normal[:400])
        mean = root_mean_square(normal[:400] - train.mean(axis=(0, 1)))
        template = root_mean_square(normal[:400] - train.mean(axis=0))
        assert template == pytest.approx(1 / np.sqrt(12), rel=0.03)
        error = {
            view: root_mean_square(
                [answer[f"X_{view}_abs_recon_err"] for answer in answers]
            )
            for view in ("time", "feat")
        }
        for view in error:
            assert error[view] < 0.5 * mean < zero, view
        assert error["feat"] < 1.1 * template
        if self.beats_template:
            assert error["feat"] < template

    def test_deployed_model_answers_the_talks_request(self, trained, raw):
        """Catches outputs of another name or shape, flags of other thresholds.

        The talk's own recorded flags equal the labels of its ten rows.
        """
        rows = [
            line.split(",") for line in (raw / TEST).read_text().split()[:10]
        ]
        lines = [
            json.dumps(dict(zip(NAMES, row, strict=False))) for row in rows
        ]
        answers = answered(trained, lines)
        for row, answer in zip(rows, answers, strict=True):
            assert {
                name: np.shape(value) for name, value in answer.items()
            } == {
                "X_time_abs_recon_err": (NUM_STEPS, NUM_FEATURES),
                "X_feat_abs_recon_err": (NUM_STEPS, NUM_FEATURES),
                "mahalanobis_dist_time": (NUM_STEPS,),
                "mahalanobis_dist_feat": (NUM_FEATURES,),
                "time_anom_thresh_var": (),
                "feat_anom_thresh_var": (),
                "time_anom_flags": (),
                "feat_anom_flags": (),
            }
            assert answer["time_anom_flags"] == int(row[5])
            assert answer["feat_anom_flags"] == int(row[5])

    def test_harder_kinds_are_reported_as_they_are(
        self, trained, record_property
    ):
        """Catches scores that say nothing; no kind is promised to be found."""
        generator = np.random.default_rng(7)
        schema = trained.labeled.schema
        assert [each["name"] for each in schema["features"]] == NAMES
        waves = generators.draw_waves(np.random.default_rng(1), NUM_FEATURES)
        segment = anomalies.Segment(21, 30, "")
        for kind, make in anomalies.KINDS.items():
            if kind == "correlation_break":
                # The talk's sensors have nothing in common that could break.
                continue
            drawn = [talk_series(generator, waves) for _ in range(200)]
            normal = np.stack([series.values for series in drawn])
            broken = normal.copy()
            for number, series in enumerate(drawn):
                broken[number, 21:30] = make(
                    generator, series, series.values, segment, 1.0
                )
            labels = np.repeat([0, 1], 200)
            both = np.concatenate([normal, broken]).astype("f4")
            for view, scored in trained.labeled.score_sequences(both).items():
                found = average_precision_score(
                    labels, scored.score.max(axis=1)
                )
                record_property(f"{self.model_type} {kind} {view}", found)
                print(f"{self.model_type:26} {kind:18} {view:8} {found:.3f}")
                # A random score has .5.
                assert found > 0.65
                assert kind != "tail_amplitude" or found == 1


def root_mean_square(errors):
    return float(np.sqrt(np.mean(np.square(errors, dtype="float64"))))


def answered(trained, lines):
    """What the model says of JSON lines, by the command that answers them."""
    source = trained.output / "lines.json"
    source.write_text("\n".join(lines) + "\n")
    target = trained.output / "answers.json"
    main_job.succeed(
        instances.main,
        f"--model={trained.output / 'model'}",
        f"--input={source}",
        f"--output={target}",
    )
    return [json.loads(line) for line in target.read_text().splitlines()]


def talk_series(generator, waves):
    """A normal sequence of the talk's, as the harder kinds take it."""
    return generators.LongSeries(
        frequency=waves.frequency,
        amplitude=waves.amplitude,
        phase=np.zeros(NUM_FEATURES),
        loading=np.zeros(NUM_FEATURES),
        driver=np.zeros(NUM_STEPS),
        noise=generator.uniform(0.0, 1.0, (NUM_STEPS, NUM_FEATURES)),
    )
