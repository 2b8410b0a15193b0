"""Items go to real workers and come back; workers die, tasks fail, and nothing else is lost."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from rtcan_cli.cluster import Cluster, worker
from rtcan_cli.cluster.shipping import LARGE, pack, unpack
from rtcan_cli.cluster.versions import versions
from rtcan_cli.cluster.worker import run
from rtcan_cli.errors import RtcanError
from rtcan_cli.parallel import map_unordered
from tests.cluster import work


class Counted(Sequence):
    """Counts how many of its items were taken; one may be unreadable."""

    def __init__(self, n: int, broken: int | None = None) -> None:
        self.n, self.broken, self.taken = n, broken, 0

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i):
        self.taken += 1
        if i == self.broken:
            raise RtcanError("cannot be read")
        return i


def test_results_come_from_the_workers_and_the_state_is_shown(cluster: Cluster) -> None:
    shown: list[str] = []
    results = list(map_unordered(work.square, list(range(20)), cluster, show=shown.append))
    assert sorted(results) == [(i, i * i) for i in range(20)]
    assert shown[0].startswith("2 workers, 2 threads, ")
    assert shown[0].endswith(" GB")
    pids = {pid for _, pid in map_unordered(work.process, list(range(20)), cluster)}
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert list(map_unordered(work.square, [], Cluster("tcp://nobody.asked:1"))) == []


def test_work_under_way_is_bounded(cluster: Cluster, tmp_path) -> None:
    gate, items = tmp_path / "open", Counted(40)
    results = map_unordered(partial(work.wait_unless_first, path=gate), items, cluster)
    assert items.taken == 0
    assert next(results) == (0, 0)  # the others are still waiting
    assert items.taken == 5  # two for each worker, and the one that is done
    gate.touch()
    assert sorted(i for i, _ in results) == list(range(1, 40))


def test_failing_task_is_tried_three_times_and_the_rest_goes_on(
    cluster: Cluster, tmp_path, capsys
) -> None:
    results: list[tuple[int, int]] = []
    divide = partial(work.divide, folder=tmp_path)
    with pytest.raises(RtcanError, match="1 of 5 tasks failed on the cluster; song 2: ") as raised:
        results.extend(map_unordered(divide, [1, 2, 0, 3, 4], cluster, name="song {}".format))
    assert raised.value.hint.startswith("the same command again")
    assert "failed 3 times, ZeroDivisionError" in str(raised.value)
    assert "warning: song 2: failed 3 times" in capsys.readouterr().err
    assert [work.traces(tmp_path, f"try{x}") for x in range(5)] == [3, 1, 1, 1, 1]


def test_results_before_a_failure_are_handed_over(cluster: Cluster, tmp_path) -> None:
    results = map_unordered(partial(work.divide, folder=tmp_path), [0, 1, 2, 3], cluster)
    found = []
    with pytest.raises(RtcanError, match="tasks failed"):
        for each in results:
            found.append(each)
    assert sorted(found) == [(1, 12), (2, 6), (3, 4)]


def test_problems_that_a_user_can_act_on_are_not_tried_again(cluster: Cluster, tmp_path) -> None:
    refuse = partial(work.refuse_three, folder=tmp_path)
    results = dict(map_unordered(refuse, [1, 2, 3, 4], cluster, keep_errors=True))
    error = results.pop(2)
    assert results == {0: 1, 1: 2, 3: 4}
    assert isinstance(error, RtcanError)
    assert (str(error), error.hint) == ("item three is broken", "mend it")
    assert work.traces(tmp_path, "try3") == 1
    with pytest.raises(RtcanError, match="item three is broken"):
        list(map_unordered(refuse, [1, 2, 3, 4], cluster))


def test_item_that_cannot_be_read_is_its_own_problem(cluster: Cluster) -> None:
    results = dict(map_unordered(work.square, Counted(4, broken=1), cluster, keep_errors=True))
    assert str(results.pop(1)) == "cannot be read"
    assert results == {0: 0, 2: 4, 3: 9}


def test_lost_worker_s_work_is_done_again_also_with_shared_arrays(
    cluster: Cluster, tmp_path
) -> None:
    array = np.ones(LARGE // 4)
    items = [(i, array) for i in range(12)]
    results = dict(map_unordered(partial(work.die_once, folder=tmp_path), items, cluster))
    assert results == {i: (i, float(array.size)) for i in range(12)}
    assert work.traces(tmp_path, "died") == 1


def test_task_that_kills_its_workers_is_given_up_and_named(cluster: Cluster, tmp_path) -> None:
    found = []
    with pytest.raises(RtcanError, match=r"1 of 6 tasks failed.*item 5: every worker .* was lost"):
        for index, _ in map_unordered(
            partial(work.die_always, folder=tmp_path), list(range(6)), cluster
        ):
            found.append(index)
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert work.traces(tmp_path, "died") == 2  # as this cluster is set up


def test_array_that_many_items_have_is_sent_once(
    cluster: Cluster, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "keep", partial(work.note_and_keep, folder=tmp_path))
    array, other = np.arange(LARGE / 4), np.arange(LARGE / 8)
    items = [(i, array if i % 4 else other) for i in range(16)]
    results = [last for _, last in sorted(map_unordered(work.last_of, items, cluster))]
    assert results == [(each[-1], True) for _, each in items]
    assert work.traces(tmp_path, "kept") == 2


def test_large_arrays_are_packed_apart_once_each() -> None:
    large, small = np.arange(float(LARGE)), np.arange(3)
    packed, arrays = pack({"a": large, "b": [large, small], "c": large[1:]})
    assert [each is known for each, known in zip(arrays, [large], strict=False)] == [True]
    assert len(arrays) == 2  # another view is another array
    assert len(packed) < 1000
    again = unpack(packed, arrays)
    assert again["a"] is again["b"][0] is large
    np.testing.assert_array_equal(again["b"][1], small)
    np.testing.assert_array_equal(again["c"], large[1:])


def test_task_ends_when_nobody_waits_for_it(cluster: Cluster, tmp_path) -> None:
    results = map_unordered(partial(work.go_on_while_wanted, folder=tmp_path), [0, 1], cluster)
    assert next(results) == (0, 0)
    waiting = threading.Event()
    while not work.traces(tmp_path, "started"):
        waiting.wait(0.02)
    assert not work.traces(tmp_path, "stopped")
    results.close()
    for _ in range(3000):
        if work.traces(tmp_path, "stopped"):
            break
        waiting.wait(0.02)
    assert work.traces(tmp_path, "stopped") == 1


def test_worker_process_does_one_thing_at_a_time() -> None:
    inside, together = [], []

    def watch(item: int) -> int:
        inside.append(item)
        together.append(len(inside))
        threading.Event().wait(0.01)
        inside.remove(item)
        return item

    def go(item: int) -> None:
        packed, arrays = pack((_call, item))
        assert run(packed, arrays, versions()) == item

    _call.target = watch
    threads = [threading.Thread(target=go, args=(item,)) for item in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [1, 1, 1, 1]


def _call(item: int) -> int:
    return _call.target(item)


def test_worker_refuses_work_of_other_versions() -> None:
    packed, arrays = pack((abs, -1))
    with pytest.raises(RtcanError, match=r"other versions: rtcan 9\.9"):
        run(packed, arrays, {**versions(), "rtcan": "9.9"})
