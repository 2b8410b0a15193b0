from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import _ExecutorManagerThread
from threadpoolctl import threadpool_info, threadpool_limits

import rtcan_cli
from rtcan_cli.errors import RtcanError
from rtcan_cli.parallel import map_ordered, map_unordered

# Long enough never to be reached, short enough to end a broken test.
FOREVER = 120.0


def square(x):
    return x * x


def process(_):
    return os.getpid(), os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]


def fail_on_three(x):
    if x == 3:
        raise RtcanError("item three is broken", hint="mend it")
    return x


def divide(x):
    return 1 / x


def die(x):
    if x == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def grow(x):
    """Seem to have grown to loky, which measures after the second item and replaces the worker."""
    from joblib.externals.loky import process_executor

    process_executor._MAX_MEMORY_LEAK_SIZE = -sys.maxsize
    process_executor._MEMORY_LEAK_CHECK_DELAY = -1.0
    return os.getpid()


def larger_than_before(x):
    """Have grown by 1 GB with each look that loky takes."""
    from joblib.externals.loky import process_executor

    sizes = iter(range(10**9, 10**12, 10**9))
    # Fails where there is no such name any more: this test would not look at anything then.
    assert callable(process_executor._get_memory_usage)
    if process_executor._MEMORY_LEAK_CHECK_DELAY > 0:
        process_executor._MEMORY_LEAK_CHECK_DELAY = -1.0
        process_executor._get_memory_usage = lambda pid, force_gc=False: next(sizes)
    return os.getpid()


def crash(x):
    if x == 2:
        os.kill(os.getpid(), signal.SIGSEGV)
    return x


def place_shared(x, array):
    """Place a large array as training does; say whether that copied it, and write to it."""
    import torch

    from rtcan_cli.training.data import place

    tensor = place(array, torch.device("cpu"))
    total = float(tensor.sum())
    tensor += 1
    return isinstance(array, np.memmap), tensor.data_ptr() == array.ctypes.data, total


def wait_for(path, x):
    if x > 0:
        deadline = time.monotonic() + FOREVER
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
    return x


class Counted(Sequence):
    """Counts how many of its items were taken."""

    def __init__(self, n):
        self.n, self.taken = n, 0

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if i >= self.n:
            raise IndexError(i)
        self.taken += 1
        return i


@pytest.mark.parametrize("jobs", [1, 2, -1])
@pytest.mark.parametrize("items", [[], [3], [5, 1, 4, 1, 9, 2, 6]])
def test_results_carry_the_index_of_their_item(jobs, items):
    results = list(map_unordered(square, items, jobs))
    assert sorted(results) == [(i, x * x) for i, x in enumerate(items)]


def slow_at_first(x):
    time.sleep(0.1 if x == 1 else 0)
    return fail_on_three(x)


@pytest.mark.parametrize("jobs", [1, 2])
def test_ordered_results_wait_for_those_before_them(jobs):
    results = list(map_ordered(slow_at_first, [1, 2, 3, 4, 5], jobs))
    assert [str(each) for each in results] == ["1", "2", "item three is broken", "4", "5"]


def test_one_job_works_here_and_lazily():
    items = Counted(5)
    results = map_unordered(lambda x: (x, os.getpid()), items, 1)
    assert items.taken == 0
    assert next(results) == (0, (0, os.getpid()))
    assert items.taken == 1


def test_workers_are_other_processes_with_one_thread_each(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    results = [result for _, result in map_unordered(process, list(range(6)), 2)]
    assert os.getpid() not in {pid for pid, _, _ in results}
    assert {threads for _, *both in results for threads in both} == {"1"}
    assert os.environ["OMP_NUM_THREADS"] == "7"


def threads_of_linear_algebra(_):
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize("start_up", [0.0, 60.0])  # the second stays here, too
def test_linear_algebra_computes_on_one_thread_here_too(start_up):
    jobs = 2 if start_up else 1
    with threadpool_limits(3, user_api="blas"):
        before = threads_of_linear_algebra(None)  # builds without threads stay at 1
        assert 3 in before
        results = map_unordered(threads_of_linear_algebra, [0, 1], jobs, start_up=start_up)
        for _, threads in results:
            assert threads == {1}
            assert threads_of_linear_algebra(None) == before


def keep_busy(seconds):
    """Compute for so long, and say in which process."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    return os.getpid()


def compute(x):
    return x, keep_busy(0.05)


def test_short_work_stays_here_if_processes_would_take_longer_to_start():
    items = list(range(6))
    results = list(map_unordered(compute, items, 2, start_up=60.0))
    assert results == [(i, (i, os.getpid())) for i in items]


def test_what_the_first_item_loads_does_not_start_processes():
    items = [0.3, *[0.0] * 20]
    results = list(map_unordered(keep_busy, items, 2, start_up=0.4))
    assert results == [(i, os.getpid()) for i in range(21)]


def test_long_work_goes_to_processes_after_its_first_items():
    items = list(range(40))
    results = dict(map_unordered(compute, items, 2, start_up=0.1))
    assert [results[i][0] for i in items] == items
    assert results[0][1] == os.getpid()
    assert os.getpid() not in {results[i][1] for i in items[2:]}


@pytest.mark.parametrize("start_up", [0.001, 60.0])
def test_work_that_may_stay_here_keeps_errors_as_others_do(start_up):
    errors = list(map_unordered(fail_on_three, [3, 1, 3], 2, start_up=start_up, keep_errors=True))
    assert {index: str(each) for index, each in errors} == {
        0: "item three is broken",
        1: "1",
        2: "item three is broken",
    }
    with pytest.raises(RtcanError, match="item three"):
        list(map_unordered(fail_on_three, [1, 3, 1], 2, start_up=start_up))


def test_work_under_way_is_bounded_and_results_come_as_they_are_ready(tmp_path):
    items = Counted(60)
    gate = tmp_path / "open"
    results = map_unordered(partial(wait_for, gate), items, 2)
    assert items.taken == 0
    assert next(results) == (0, 0)  # the others are still waiting
    assert items.taken < 12
    gate.touch()
    assert sorted(i for i, _ in results) == list(range(1, 60))


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_ends_the_work(jobs):
    with pytest.raises(RtcanError, match="item three is broken") as raised:
        list(map_unordered(fail_on_three, [1, 2, 3, 4], jobs))
    assert raised.value.hint == "mend it"


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_can_be_kept_as_a_result(jobs):
    results = dict(map_unordered(fail_on_three, [1, 2, 3, 4], jobs, keep_errors=True))
    error = results.pop(2)
    assert results == {0: 1, 1: 2, 3: 4}
    assert isinstance(error, RtcanError)
    assert (str(error), error.hint) == ("item three is broken", "mend it")


@pytest.mark.parametrize("jobs", [1, 2])
def test_other_errors_are_never_results(jobs):
    with pytest.raises(ZeroDivisionError):
        list(map_unordered(divide, [1, 0, 2], jobs, keep_errors=True))


def test_killed_worker_is_reported_and_does_not_spoil_later_work():
    with pytest.raises(RtcanError, match="worker process was killed") as raised:
        list(map_unordered(die, list(range(6)), 2))
    assert "--jobs" in raised.value.hint
    assert sorted(map_unordered(square, [1, 2, 3], 2)) == [(0, 1), (1, 4), (2, 9)]


def test_a_crash_is_not_called_a_lack_of_memory():
    with pytest.raises(RtcanError, match=r"a worker process crashed \(SIGSEGV\)") as raised:
        list(map_unordered(crash, list(range(6)), 2))
    assert "--jobs" not in raised.value.hint
    assert sorted(map_unordered(square, [1, 2, 3], 2)) == [(0, 1), (1, 4), (2, 9)]


def test_leaving_early_stops_the_workers_without_a_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = map_unordered(partial(wait_for, tmp_path / "never"), list(range(20)), 2)
        assert next(results) == (0, 0)
        started = time.monotonic()
        results.close()
    assert time.monotonic() - started < FOREVER / 2
    assert sorted(map_unordered(square, [1, 2], 2)) == [(0, 1), (1, 4)]


@pytest.mark.parametrize("error", [KeyError(4), OSError("something else")], ids=["own", "other"])
def test_lokys_stumbling_over_dropped_items_is_not_shown(tmp_path, monkeypatch, error):
    """Rare, so it is made to happen; what else goes wrong in a thread is still shown."""
    end = _ExecutorManagerThread.flag_executor_shutting_down

    def stumble(thread):
        end(thread)
        raise error

    monkeypatch.setattr(_ExecutorManagerThread, "flag_executor_shutting_down", stumble)
    shown = []
    monkeypatch.setattr("threading.excepthook", lambda failed: shown.append(failed.exc_value))
    results = map_unordered(partial(wait_for, tmp_path / "never"), list(range(20)), 2)
    assert next(results) == (0, 0)
    results.close()
    assert shown == ([] if isinstance(error, KeyError) else [error])


def test_large_arrays_are_shared_and_stay_the_callers_own():
    array = np.ones(1 << 18)  # 2 MB
    results = dict(map_unordered(partial(place_shared, array=array), [1, 2], 2))
    assert results == dict.fromkeys((0, 1), (True, True, float(array.size)))
    assert (array == 1).all()


@pytest.mark.parametrize("jobs", [0, -2])
def test_refuses_job_numbers_without_a_meaning(jobs):
    with pytest.raises(RtcanError, match=f"{jobs} jobs"):
        map_unordered(square, [1], jobs)


@pytest.fixture
def own_workers() -> Iterator[None]:
    """End the workers after a test that changes something in them; later ones start others."""
    get_reusable_executor().shutdown(wait=True)
    yield
    get_reusable_executor().shutdown(wait=True)


@pytest.mark.long  # each worker is replaced after two items
@pytest.mark.usefixtures("own_workers")
def test_a_worker_that_is_replaced_is_no_news_to_the_user() -> None:
    pytest.importorskip("psutil")  # without it, loky does not look
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = dict(map_unordered(grow, range(8), 2))
    assert sorted(found) == list(range(8))
    assert len({*found.values()}) > 2
    assert not [str(each.message) for each in told]


@pytest.mark.usefixtures("own_workers")
def test_a_worker_whose_memory_grows_is_kept() -> None:
    """It has loaded PyTorch, or gone on to a larger network; a new one would load all again."""
    pytest.importorskip("psutil")  # without it, loky does not look
    found = dict(map_unordered(larger_than_before, range(12), 2))
    assert sorted(found) == list(range(12))
    assert len({*found.values()}) <= 2


@pytest.mark.parametrize(
    "text",
    [
        "A worker stopped while some jobs were given to the executor. This can be caused by a too",
        "A worker was restarted while some jobs were given to the executor because it was using",
    ],
    ids=["loky 3.6", "loky 3.7"],
)
def test_what_loky_says_of_a_worker_that_it_replaces_is_not_shown(text: str) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert len(list(map_unordered(square, [1, 2], 2))) == 2
        warnings.warn(text, UserWarning, stacklevel=1)
        warnings.warn("something else", UserWarning, stacklevel=1)
    assert [str(each.message) for each in told] == ["something else"]


INTERRUPTED = f"""
import os, signal, sys, time
from rtcan_cli.parallel import map_ordered, map_unordered

def work(x):
    if x >= 2:
        time.sleep({FOREVER})
    return os.getpid()

def square(x):
    return x * x

if __name__ == "__main__":
    # Whoever started the tests may have had this signal ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for n, (_, pid) in enumerate(map_unordered(work, list(range(50)), 2)):
            print(pid, flush=True)
            if n == 1:
                print("ready", flush=True)
                if sys.argv[1] == "busy":
                    time.sleep({FOREVER})
    except KeyboardInterrupt:
        if sys.argv[2] == "go on":
            print(sorted(map_unordered(square, [1, 2, 3], 2)))
        else:
            raise
"""


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("send", "caller", "then"),
    [
        ("killpg", "waiting", "end"),
        ("kill", "waiting", "end"),
        ("killpg", "busy", "end"),
        ("killpg", "waiting", "go on"),
    ],
)
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no groups of processes on this system")
def test_interrupt_ends_promptly_quietly_and_leaves_nobody_behind(tmp_path, send, caller, then):
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    child = subprocess.Popen(
        [sys.executable, str(script), caller, then],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(rtcan_cli.__file__).parents[1])},
    )
    try:
        pids = set()
        for line in child.stdout:
            if line == "ready\n":
                break
            pids.add(int(line))
        getattr(os, send)(child.pid, signal.SIGINT)
        output, errors = child.communicate(timeout=FOREVER / 2)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
    if then == "go on":
        assert output == "[(0, 1), (1, 4), (2, 9)]\n"
        assert errors == ""
        assert child.returncode == 0
    else:
        assert child.returncode == -signal.SIGINT
        assert errors.count("Traceback") == 1
        assert errors.endswith("KeyboardInterrupt\n")
    assert pids
    deadline = time.monotonic() + FOREVER / 4
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in pids)


def test_workers_end_when_their_caller_is_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import os, time\n"
        "from rtcan_cli.parallel import map_unordered\n"
        "def work(x):\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(600)\n"
        "if __name__ == '__main__':\n"
        "    list(map_unordered(work, [1, 2], 2))\n"
    )
    child = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(rtcan_cli.__file__).parents[1])},
    )
    pids = [int(child.stdout.readline()) for _ in range(2)]
    child.kill()
    child.wait()
    deadline = time.monotonic() + FOREVER / 2
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(alive(pid) for pid in pids)


def test_a_worker_whose_caller_was_gone_before_it_began_ends():
    # Killed between the start of a worker and its first item: nobody would ever give it one.
    nobody = 4_194_305  # beyond the numbers that Linux gives to processes
    code = f"import time; from rtcan_cli.parallel import _end_with; _end_with({nobody}); "
    code += "time.sleep(600)"
    ended = subprocess.run([sys.executable, "-c", code], timeout=FOREVER, check=False)
    assert ended.returncode == 1


def threads(_):
    return [thread.name for thread in threading.enumerate()]


def test_every_worker_watches_its_caller():
    found = [names for _, names in map_unordered(threads, [1, 2, 3], 2)]
    assert all(any("watch" in name for name in names) for names in found)
