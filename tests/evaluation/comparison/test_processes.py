import subprocess
import sys

import pytest

from evaluation.comparison.processes import Command, run_all


def python(code, log):
    return Command([sys.executable, "-c", code], str(log))


def last_word(command):
    with open(command.log) as file:
        return file.read().split()[-1]


def test_exit_codes_and_logs_are_those_of_each(tmp_path):
    """Catches a failure that is another command's, and a lost message."""
    commands = [
        python(
            f"import sys; print('said {n}'); sys.exit({n})",
            tmp_path / "new" / f"{n}.log",
        )
        for n in range(4)
    ]
    codes = dict(run_all(commands, 2, 1))
    assert codes == {n: n for n in range(4)}
    for n, command in enumerate(commands):
        first, *said = open(command.log).read().splitlines()
        assert said == [f"said {n}"] and first.startswith(sys.executable)


def test_as_many_run_at_a_time_as_asked(tmp_path):
    """Catches a pool that runs one after the other, or all at once."""
    wait_for_two = f"""
import os, pathlib, time
folder = pathlib.Path({str(tmp_path)!r})
(folder / f"{{os.getpid()}}.started").touch()
deadline = time.monotonic() + 20
count = 1
while count < 2 and time.monotonic() < deadline:
    count = len(list(folder.glob("*.started")))
    time.sleep(0.01)
print(count)
"""
    told = [python(wait_for_two, tmp_path / f"{n}.log") for n in range(2)]
    assert sorted(run_all(told, 2, 1)) == [(0, 0), (1, 0)]
    assert [last_word(each) for each in told] == ["2", "2"]
    alone = f"""
import os, pathlib, time
path = pathlib.Path({str(tmp_path / "running")!r})
print(path.exists())
path.touch()
time.sleep(0.2)
path.unlink()
"""
    told = [python(alone, tmp_path / f"alone{n}.log") for n in range(3)]
    assert list(run_all(told, 1, 1)) == [(0, 0), (1, 0), (2, 0)]
    assert [last_word(each) for each in told] == ["False"] * 3


def test_threads_are_told_to_libraries(tmp_path):
    """Catches runs side by side that take all cores each."""
    code = "import os; print(os.environ['TF_NUM_INTRAOP_THREADS'])"
    command = python(code, tmp_path / "log")
    assert list(run_all([command], 1, 7)) == [(0, 0)]
    assert open(command.log).read().endswith("\n7\n")


def test_closing_ends_what_runs(tmp_path, monkeypatch):
    """Catches processes that go on after Ctrl-C."""
    started = []

    class Noted(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    commands = [
        python("", tmp_path / "short.log"),
        python("import time; time.sleep(600)", tmp_path / "long.log"),
        python("", tmp_path / "never.log"),
    ]
    ended = run_all(commands, 2, 1)
    assert next(ended) == (0, 0)
    ended.close()
    assert len(started) == 2
    assert [each.poll() for each in started] == [0, -15]


@pytest.mark.parametrize("num_processes", [1, 3])
def test_no_commands_are_no_work(num_processes):
    """Catches a wait for what was never started."""
    assert list(run_all([], num_processes, 1)) == []
