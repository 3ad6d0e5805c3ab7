"""The talk's acceptance tests, as far as they need the whole chain.

What can be tested on a part alone stands with that part, under tests/trainer:
1. Moments over any partition and grouping: statistics/test_moments.py, over
   batches of the scorer scorers/test_mahalanobis.py.
2. Distances equal SciPy's, 20,000 and 100,000 rows at once, singular
   covariances: statistics/test_whitening.py, layers/test_mahalanobis.py,
   scorers/test_mahalanobis.py.
3. Counts of the scorer: scorers/test_mahalanobis.py; of the phase: here.
4. The sweep equals brute force, degenerate classes, the direction of beta:
   thresholds/test_f_beta.py; thresholds that the phase stored: here.
5. Components take all that there is, discarded variances, scikit-learn:
   statistics/test_components.py, models/test_pca.py.
6. Latent below input width: models/test_dense_autoencoder.py, test_task.py;
   an untrained output can be negative: models/test_dense_autoencoder.py;
   what a trained network is worth: here, and of all three in tests/talk_contract.py;
   one head in and behind the loop, no chance in serving:
   models/test_lstm_autoencoder.py.
7. String signature of a small model: test_export.py; of a model that the
   command line exported, asked in JSON lines: here, tests/talk_contract.py.
8. Contamination of 5 to 50 %, two standard deviations fail above 20 %:
   thresholds/test_robust_sigma.py, thresholds/test_sigma.py.
"""

import json

import main_job
import numpy as np
import pytest
import tensorflow as tf
from data_sets import make_detector
from sklearn.metrics import fbeta_score

from preprocessing import generators
from trainer.dataset import load_windows, windows_of_runs
from trainer.phases import error_statistics
from trainer.phases.threshold_tuning import scores_over_time
from trainer.runs import Run, read_runs
from trainer.schema import Schema

NUM_STEPS, NUM_FEATURES = 30, 5
# Of the talk's presets.
BETA = 2.0


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    return main_job.talk_job(tmp_path_factory.getbasetemp())


def sequences(job, split):
    """Values `[sequence, time, feature]` and labels of a stored split."""
    runs = read_runs(str(job.data), Schema.load(str(job.data)), split)
    labels = np.array([run.sequence_label for run in runs])
    return np.stack([run.values for run in runs]), labels


def root_mean_square(errors):
    return float(np.sqrt(np.mean(np.square(errors, dtype="float64"))))


def test_3_counts_of_the_statistics_phase(talk):
    """Catches a batch left out, views exchanged, a pass that counts twice.

    The talk's own counts: 6,400 sequences of 30 steps and 5 features.
    """
    schema = Schema.load(str(talk.data))
    generator = np.random.default_rng(3)
    waves = generators.draw_waves(generator, NUM_FEATURES)
    values = generators.normal_sequences(generator, waves, 6400, NUM_STEPS)
    runs = [
        Run(f"s{number}", 0, sequence, sequence_label=0)
        for number, sequence in enumerate(values.astype("float32"))
    ]
    windows = windows_of_runs(runs, schema, NUM_STEPS)
    detector = make_detector(schema, NUM_STEPS)
    detector.finish_phase("reconstruction")
    advanced = []
    for _ in range(2):
        found = error_statistics.run(detector, windows, advanced.append, False)
        assert found == {"time_rows": 192_000, "feature_rows": 32_000}
        assert detector.scorer.time.count.numpy() == 192_000
        assert detector.scorer.feature.count.numpy() == 32_000
    assert sum(advanced) == 2 * 6400


def test_4_thresholds_are_the_best_of_all(tmp_path_factory):
    """Catches thresholds of other scores, views or labels than stored."""
    job = main_job.long_job(tmp_path_factory.getbasetemp())
    detector = main_job.trained_detector(job)
    schema = Schema.load(str(job.data))
    windows = load_windows(str(job.data), schema, "tuning", NUM_STEPS)
    found = scores_over_time(detector, windows, lambda _: None, False)
    labels = windows.labels()
    for position, view in enumerate(detector.views):
        scores = found[view]
        best = max(
            fbeta_score(labels, scores >= candidate, beta=BETA)
            for candidate in np.unique(scores)
        )
        threshold = detector.thresholds.numpy()[position]
        flags = scores >= threshold
        reached = fbeta_score(labels, flags, beta=BETA)
        assert reached == pytest.approx(best, abs=1e-12)
        assert 0 < best < 1


def test_6_reconstruction_beats_what_is_trivial(talk):
    """Catches a network that learned nothing, or only the mean (fault B1).

    Errors in raw units on sequences that nothing learned from; the noise
    alone is 1 / sqrt(12) = 0.289, what is left by the mean of each step.
    """
    train, _ = sequences(talk, "train")
    values, labels = sequences(talk, "test")
    normal = values[labels == 0]
    assert len(normal) == 150
    detector = main_job.trained_detector(talk)
    scale = detector.scaling.scale.numpy()
    errors = {
        part: root_mean_square(residuals.numpy() * scale)
        for part, residuals in detector.residual_parts(normal).items()
    }
    zero = root_mean_square(normal)
    mean = root_mean_square(normal - train.mean(axis=(0, 1)))
    template = root_mean_square(normal - train.mean(axis=0))
    assert template == pytest.approx(1 / np.sqrt(12), rel=0.02)
    for error in errors.values():
        assert error < 0.5 * mean < zero
    assert errors["feature_view"] < 0.97 * template


def test_6_trained_output_follows_negative_values(talk):
    """Catches a ReLU output, which answers 0 to them (fault B3)."""
    values, labels = sequences(talk, "test")
    normal = values[labels == 0]
    detector = main_job.trained_detector(talk)
    scale = detector.scaling.scale.numpy()
    is_low = normal < -0.5
    assert is_low.mean() > 0.1
    for residuals in detector.residual_parts(normal).values():
        reconstructed = normal - residuals.numpy() * scale
        assert (reconstructed[is_low] < 0).mean() > 0.9


def test_7_json_lines_to_the_eight_outputs(talk):
    """Catches a served model that answers unlike the one in memory."""
    path = talk.raw / "labeled_test_mixed_seq.csv"
    rows = [line.split(",") for line in path.read_text().split()]
    lines = [
        json.dumps({f"feature_{n}": row[n] for n in range(NUM_FEATURES)})
        for row in rows
    ]
    instances = [json.loads(line) for line in lines]
    columns = {
        name: tf.constant([instance[name] for instance in instances])
        for name in instances[0]
    }
    loaded = tf.saved_model.load(str(talk.model))
    served = loaded.signatures["serve_strings"](**columns)

    batch = len(rows)
    assert {name: tuple(value.shape) for name, value in served.items()} == {
        "X_time_abs_recon_err": (batch, NUM_STEPS, NUM_FEATURES),
        "X_feat_abs_recon_err": (batch, NUM_STEPS, NUM_FEATURES),
        "mahalanobis_dist_time": (batch, NUM_STEPS),
        "mahalanobis_dist_feat": (batch, NUM_FEATURES),
        "time_anom_thresh_var": (batch,),
        "feat_anom_thresh_var": (batch,),
        "time_anom_flags": (batch,),
        "feat_anom_flags": (batch,),
    }
    values = [[cell.split(";") for cell in row[:-1]] for row in rows]
    values = np.array(values, "float32").transpose(0, 2, 1)
    detector = main_job.trained_detector(talk)
    found = detector.window_scores(values)
    for position, short in enumerate(("time", "feat")):
        view = detector.views[position]
        threshold = detector.thresholds.numpy()[position]
        flags = found[view].numpy() >= threshold
        np.testing.assert_array_equal(served[f"{short}_anom_flags"], flags)
        np.testing.assert_array_equal(
            served[f"{short}_anom_thresh_var"], np.full(batch, threshold)
        )
    # And they tell the talk's anomalies apart, as its authors found.
    labels = np.array([int(row[-1]) for row in rows])
    np.testing.assert_array_equal(served["time_anom_flags"], labels)
