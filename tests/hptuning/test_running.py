"""Trials in processes: side by side, stopped, failed, resumed."""

import signal

import pytest
from searches import plan, search, starts, study, trials_in

from hptuning import trial_process
from hptuning.row import best_of

FALLING = {"values": [3.0, 2.0, 1.0]}


def flags_of(folder, number):
    (start,) = starts(folder, number)
    return start["flags"]


def test_the_first_trial_is_the_default(tmp_path, monkeypatch):
    """A default out of bounds that is moved into them; the trial's number."""
    plan(monkeypatch, others=FALLING)
    rows = search(tmp_path, study())
    assert [(row.number, row.state, row.metric) for row in rows] == [
        (1, "done", 1.0),
        (2, "done", 1.0),
        (3, "done", 1.0),
    ]
    assert [row.is_default for row in rows] == [True, False, False]
    first = flags_of(tmp_path, 1)
    assert first == {
        "preset": "fake",
        "output_dir": str(tmp_path),
        "learning_rate": "0.001",
    }
    assert rows[0].values == {"learning_rate": 0.001, "latent": 0}
    for row in rows[1:]:
        flags = flags_of(tmp_path, row.number)
        assert float(flags["learning_rate"]) == row.values["learning_rate"]
        assert flags["latent"] == str(row.values["latent"])
        assert 1 <= row.values["latent"] <= 8


@pytest.mark.parametrize("takes_best, metric", [(True, 0.25), (False, 0.75)])
def test_which_report_counts(tmp_path, monkeypatch, takes_best, metric):
    """The first value, or the best where the last was asked for."""
    plan(monkeypatch, others={"values": [0.5, 0.25, 0.75]})
    (row,) = search(tmp_path, study(max_trials=1, takes_best=takes_best))
    assert row.metric == metric


def test_trials_run_side_by_side(tmp_path, monkeypatch):
    """One after the other; more than were asked for."""
    plan(monkeypatch, others={"values": [1.0] * 3, "seconds": 0.3})
    search(tmp_path, study(max_trials=4, num_parallel=2))
    spans = [
        (
            starts(tmp_path, number)[0]["began"],
            float((tmp_path / str(number) / "ended").read_text()),
        )
        for number in range(1, 5)
    ]
    at_once = [
        sum(begin <= other < end for begin, end in spans) for other, _ in spans
    ]
    assert max(at_once) == 2


def test_failed_trials_are_recorded_and_no_more(tmp_path, monkeypatch):
    """One bad trial that ends the search; a reason nobody can read."""
    plan(
        monkeypatch,
        trial_1={"says": "error: it broke\nmore words", "exit_code": 2},
        trial_2={"values": []},
        others=FALLING,
    )
    rows = search(tmp_path, study())
    assert [row.state for row in rows] == ["failed", "failed", "done"]
    assert rows[0].reason == "error: it broke"
    assert rows[1].reason == "it never reported val_loss"
    assert best_of(rows).number == 3


def test_a_value_that_is_not_finite_is_none(tmp_path, monkeypatch):
    """NaN as the best of all trials."""
    plan(monkeypatch, others={"values": [float("nan")]})
    (row,) = search(tmp_path, study(max_trials=1))
    assert row.reason == "it never reported val_loss"


def test_too_many_failures_end_the_search(tmp_path, monkeypatch):
    """All trials of a night failing for one reason."""
    plan(monkeypatch, others={"says": "error: no disk", "exit_code": 1})
    with pytest.raises(ValueError, match="(?s)Fewer than 2 .* no disk"):
        search(tmp_path, study(max_trials=9, max_failed=2))
    assert not (tmp_path / "3").exists()


def test_trials_that_do_worse_are_stopped(tmp_path, monkeypatch):
    """A hopeless trial run to its end; a stopped one taken for a failure."""
    slow = {"values": [9.0] * 100, "seconds": 0.1}
    plan(monkeypatch, trial_6=slow, others=FALLING)
    rows = search(tmp_path, study(max_trials=7, stops_by_median=True))
    assert [row.state for row in rows] == ["done"] * 5 + ["stopped", "done"]
    assert rows[5].metric == 9.0
    assert not (tmp_path / "6" / "ended").exists()


def test_without_the_rule_nothing_is_stopped(tmp_path, monkeypatch):
    """Pruning that nobody asked for."""
    slow = {"values": [9.0] * 3, "seconds": 0.2}
    plan(monkeypatch, trial_6=slow, others=FALLING)
    rows = search(tmp_path, study(max_trials=6))
    assert {row.state for row in rows} == {"done"}


def test_a_trial_that_does_not_end_is_killed(tmp_path, monkeypatch):
    """A search that waits for ever for a trial to end."""
    monkeypatch.setattr(trial_process, "PATIENCE_SECONDS", 0.3)
    stays = {"values": [9.0] * 100, "seconds": 0.1, "stays": True}
    plan(monkeypatch, trial_6=stays, others=FALLING)
    rows = search(tmp_path, study(max_trials=6, stops_by_median=True))
    assert rows[5].state == "stopped"
    assert rows[5].seconds < 8


def test_a_killed_trainer_is_named(tmp_path, monkeypatch):
    """A trial that the system killed for its memory, without a reason."""
    monkeypatch.setattr(
        trial_process, "PROGRAM", ("sh", "-c", "kill -KILL $$", "sh")
    )
    (row,) = search(tmp_path, study(max_trials=1))
    assert row.reason.startswith(f"ended by {signal.SIGKILL.name}")


def test_a_finished_search_goes_on_with_other_points(tmp_path, monkeypatch):
    """Finished trials done again; the same points by the same seed."""
    plan(monkeypatch, others=FALLING)
    search(tmp_path, study(is_random=True))
    assert search(tmp_path, study(is_random=True)) == []
    rows = search(tmp_path, study(is_random=True, max_trials=6))
    assert [row.number for row in rows] == [4, 5, 6]
    values = [
        tuple(row.values.values())
        for row in trials_in(tmp_path, study(is_random=True)).rows()
    ]
    assert len(set(values)) == 6


def test_an_interrupted_trial_runs_again_as_it_was(tmp_path, monkeypatch):
    """Other values after a kill; a trial that is running for ever."""
    before = trials_in(tmp_path, study())
    chosen = [before.flags(before.next()) for _ in range(2)]
    plan(monkeypatch, others=FALLING)
    rows = search(tmp_path, study())
    assert [row.number for row in rows] == [1, 2, 3]
    for number, flags in enumerate(chosen, 1):
        given = flags_of(tmp_path, number)
        for flag in flags:
            name, _, value = flag[2:].partition("=")
            assert given[name] == value


def test_a_trial_cut_short_while_it_was_chosen(tmp_path, monkeypatch):
    """A trial that only knows some of its values, and fails for that."""
    before = trials_in(tmp_path, study())
    before.next()
    # As a kill leaves it: asked for, nothing chosen yet.
    before._study.ask()
    plan(monkeypatch, others=FALLING)
    rows = search(tmp_path, study())
    assert [row.state for row in rows] == ["done"] * 3
    assert rows[1].values.keys() == {"learning_rate", "latent"}


@pytest.mark.parametrize(
    "others, words",
    [
        ({"seed": 2}, "another seed"),
        ({"data_dir": "b"}, "another data_dir"),
    ],
)
def test_another_search_in_the_folder_is_refused(tmp_path, others, words):
    """Trials of two searches compared."""
    trials_in(tmp_path, study(), data_dir="a")
    with pytest.raises(ValueError, match=words):
        trials_in(tmp_path, study(), **({"data_dir": "a"} | others))
    with pytest.raises(ValueError, match="another config"):
        trials_in(tmp_path, study(metric="loss"), data_dir="a")
    trials_in(tmp_path, study(max_trials=99, num_parallel=4), data_dir="a")


def test_a_grid_ends_when_all_is_tried(tmp_path, monkeypatch):
    """The default twice; points by chance after the last one of the grid."""
    grid = study(is_grid=True, max_trials=50)
    grid = grid.__class__(**{**vars(grid), "parameters": grid.parameters[1:]})
    plan(monkeypatch, others={"values": [1.0]})
    rows = search(tmp_path, grid)
    assert rows[0].values == {"latent": 0}
    latents = sorted(row.values["latent"] for row in rows)
    assert latents == list(range(9))
    assert search(tmp_path, grid) == []
