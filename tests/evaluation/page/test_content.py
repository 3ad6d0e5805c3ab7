import numpy as np
import pytest
from report_pages import labelled_runs, labelled_sequences, reported

from evaluation.page.content import page_content

LABELS = {"known": (0, 1), "unknown": (-1, -1), "normal": (0, 0)}


@pytest.fixture(scope="module")
def content_of(tmp_path_factory):
    """Makes what is on the page of a report on these runs."""

    def made(runs):
        folder = tmp_path_factory.mktemp("report")
        return page_content(reported(folder, runs)[0])

    return made


def titles(content):
    return [table.title for table in content.tables]


@pytest.mark.parametrize("num_series", [3, 5])
def test_the_worst_and_the_best_series_are_shown(content_of, num_series):
    """Catches the same series twice, or the order turned round."""
    content = content_of(labelled_runs("abcde"[:num_series]))
    assert content.shown_title == "Worst and best series"
    figures = []
    for caption, _ in content.shown:
        figure = caption.removeprefix("VUS-PR of the time view: ")
        figures.append(float(figure.removesuffix(".")))
    assert figures == sorted(figures)
    names = {run.series_id for _, run in content.shown}
    assert len(names) == len(content.shown) == min(num_series, 4)
    assert names > {"a", "abcde"[num_series - 1]}
    assert "All steps as one heap" in titles(content)


def test_one_series_is_no_heap(content_of):
    """Catches a table that says the same twice."""
    content = content_of(labelled_runs(["a"]))
    assert content.shown_title == "The series"
    assert titles(content) == ["Series", "All figures", "Drift of the scores"]


@pytest.mark.parametrize("kind", ["unknown", "normal"])
def test_without_anomalies_the_most_flagged_are_shown(content_of, kind):
    """Catches series called best and worst where nobody can know."""
    runs = labelled_runs(["a", "b", "c", "d", "e"], LABELS[kind])
    content = content_of(runs)
    assert content.shown_title == "Most flagged series"
    shares = []
    for caption, _ in content.shown:
        assert caption.endswith("of the scored rows flagged by the time view.")
        shares.append(float(caption.split("%")[0]))
    assert shares == sorted(shares, reverse=True)
    assert "All steps as one heap" not in titles(content)
    assert all(not each.recall.size for each in content.curves.values())


@pytest.mark.parametrize("kind", ["known", "unknown"])
def test_what_cannot_be_scored_says_so(content_of, kind):
    """Catches "nan" in a caption."""
    runs = labelled_runs(["a", "b"], LABELS[kind])
    for run in runs:
        run.values[:] = np.nan
    content = content_of(runs)
    assert "nan" not in "".join(caption for caption, _ in content.shown)
    assert content.shown_title == "The first series"
    assert content.shown[0][0] == "No row could be scored."
    assert content.quantiles == {"time view": {}}


def test_a_figure_that_is_not_defined_is_told(content_of):
    """Catches "nan" where the anomalies alone cannot be scored."""
    runs = labelled_runs(["a", "b"])
    for run in runs:
        run.values[90:120] = np.nan
    content = content_of(runs)
    assert content.shown_title == "The first series"
    [(caption, _)] = content.shown
    assert caption == "VUS-PR of the time view: n/a."


def test_sequences_are_shown_by_their_label(content_of):
    """Catches series named where there are none, and a caption twice."""
    content = content_of(labelled_sequences([0, 0, 1, -1]))
    assert content.shown_title == "Sequences"
    [(caption, run)] = content.shown
    assert caption == "" and run.series_id.startswith("2 normal sequences, ")
    assert titles(content) == ["All figures", "Drift of the scores"]


def test_baselines_stand_for_all_their_seeds(content_of):
    """Catches five curves of the random score, and plots of baselines."""
    content = content_of(labelled_runs(["a", "b"]))
    assert list(content.curves) == [
        "time view",
        "feature view",
        *content.baseline_names,
    ]
    assert "random score" in content.baseline_names
    for named in (content.sensitivities, content.histograms):
        assert list(named) == ["time view", "feature view"]
    for probabilities, levels in content.quantiles["time view"].values():
        assert (np.diff(probabilities) > 0).all()
        assert (np.diff(levels) >= 0).all()
