"""Kill every command at random moments, and see whether anything is lost.

Run it as ``.venv/bin/python -m benchmarks.crashes --kills 500``. On a tiny simulated workspace each
command is started, hit at a moment drawn evenly from the time it takes undisturbed, and looked
after:

- every file is what it was before, or what an undisturbed run makes; stores are read from end to
  end and their content ids computed anew,
- the same command again ends with exactly what an undisturbed run makes,
- and leaves no temporary file and no process behind.

Half of the runs start where the command has been run before on other data or with other options, so
that there is something to lose. With ``--signal KILL`` (the default) the whole process group, the
command alone or one of its workers is killed; ``INT`` goes to the group, as from a terminal, and
``TERM`` to the command alone, as from a scheduler: these must end it with exit code 130.

Commands run in processes that have the libraries loaded already, so that the moments fall into the
work; ``--cold`` starts them as a shell does, and also hits imports. After the kills (not with
``INT`` and ``TERM``) disks are filled, commands run twice at once, and bits of stores are changed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path

from benchmarks.crash_ground import (
    CASES,
    Beginning,
    Case,
    Ended,
    Ground,
    between,
    state,
    temporary,
    workers,
)
from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Store

#: What can be wrong afterwards, as columns of the tables.
WRONG = ("lost", "differing", "temporary files", "processes left", "wrong ending", "silent")


class Tally(Counter[str]):
    """What happened to one command; what was wrong is told at once."""

    def blame(self, kind: str, detail: str) -> None:
        """Count something that is wrong."""
        self[kind] += 1
        print(f"{kind}: {detail}", file=sys.stderr, flush=True)


Test = Callable[[Ground, Case, random.Random, Tally], None]


def look(tally: Tally, ground: Ground, start: Beginning, where: str) -> None:
    """Every file must be as before or as after."""
    try:
        for name in between(state(ground.work), start.before, start.after):
            tally.blame("lost", f"{where}: {name}")
    except RtcanError as error:
        tally.blame("lost", f"{where}: {error}")


def again(tally: Tally, ground: Ground, case: Case, start: Beginning, at: str) -> None:
    """Run the command again: it must end with what an undisturbed run makes, and nothing else."""
    ended = ground.start(case).wait()
    if ended.code:
        tally.blame("differing", f"{at}: the same command again: {ended.errors[-2000:]}")
        return
    for name in between(state(ground.work), start.after, start.after):
        tally.blame("differing", f"{at}: {name}")
    for name in temporary(ground.work):
        tally.blame("temporary files", f"{at}: {name}")


def hit(hows: Sequence[str], ground: Ground, case: Case, rng: random.Random, tally: Tally) -> None:
    """Hit a command once, and look at what is left."""
    # Workers can be killed only where a command has them.
    how = rng.choice([how for how in hows if case.has_jobs or how != "worker"])
    start = ground.beginning(case, older=rng.random() < 0.5)
    # To start workers takes long, and is mostly the same.
    jobs = 2 if how == "worker" or (case.has_jobs and rng.random() < 0.1) else 1
    moment = rng.uniform(0, ground.seconds(case, start, jobs))
    where = f"{how}, {case.name} -j {jobs} in {start.folder.name} at {moment:.3f} s"
    ground.reset(start.folder)
    run = ground.start(case, jobs)
    time.sleep(max(0.0, run.started + moment - time.monotonic()))
    while how == "worker" and not workers(run.pid) and not run.is_over():
        time.sleep(0.002)
    victims = [run.pid] if how != "worker" else workers(run.pid)
    was_hit = bool(victims) and not run.is_over()
    if was_hit:
        number = {"INT": signal.SIGINT, "TERM": signal.SIGTERM}.get(how, signal.SIGKILL)
        victim = rng.choice(victims)
        with suppress(ProcessLookupError):
            if how in ("group", "INT") and os.getpgid(victim) == victim:
                os.killpg(victim, number)
            else:  # also where it has no group of its own yet
                os.kill(victim, number)
    tally[how if was_hit else "ended first"] += 1
    check_ending(tally, how, was_hit, run.wait(), where)
    look(tally, ground, start, where)
    again(tally, ground, case, start, where)


def check_ending(tally: Tally, how: str, was_hit: bool, ended: Ended, where: str) -> None:
    """Whether the command ended as it should after such a hit."""
    allowed = {"worker": (0, 1), "INT": (0, 130), "TERM": (0, 130)}.get(how, (0, -signal.SIGKILL))
    if how in ("INT", "TERM") and ended.code == -getattr(signal, f"SIG{how}"):
        tally["too early"] += 1  # the interpreter has not come to rtcan's code yet
        return
    one_line = how != "worker" or ended.code == 0 or "worker process was killed" in ended.errors
    if ended.code not in allowed or not one_line or "Traceback" in ended.errors:
        tally.blame("wrong ending", f"{where}: {ended.code}: {ended.errors[-3000:]}")
    if was_hit and ended.code == 0:
        tally["went on"] += 1
        if how != "worker":
            late = f"{ended.seconds:.3f} s in all"
            print(f"went on: {where}, {late}", file=sys.stderr, flush=True)
    if ended.left_over:
        tally.blame("processes left", f"{where}: {len(ended.left_over)}")


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Put a disk of 64 MB in the place of a folder, where this is allowed (root, Linux)."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@cache
def can_mount() -> bool:
    """Whether small disks can be made here."""
    with tempfile.TemporaryDirectory() as place:
        try:
            with small_disk(Path(place)):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def full_disk(ground: Ground, case: Case, rng: random.Random, tally: Tally) -> None:
    """Give a command too little room, look, and give it enough.

    Where no small disk can be made, no file may grow beyond a size: writes fail alike.
    """
    start = ground.beginning(case, older=rng.random() < 0.5)
    new = [name for name in start.after if start.after[name] != start.before.get(name)]
    sizes = [(start.done / name).stat().st_size for name in new]
    room = int(rng.uniform(0, sum(sizes) if can_mount() else max(sizes)))
    where = f"{case.name} in {start.folder.name}, room for {room} of {sum(sizes)} bytes"
    tally["full"] += 1
    if not can_mount():
        ground.reset(start.folder)
        ended = ground.start(case, largest=room).wait()
        look_full(tally, ground, case, start, ended, where)
        return
    shutil.rmtree(ground.work)
    ground.work.mkdir()
    with small_disk(ground.work):
        shutil.copytree(start.folder, ground.work, dirs_exist_ok=True)
        ballast = ground.work / ".ballast"
        disk = os.statvfs(ground.work)
        with ballast.open("wb") as file:
            file.write(b"\0" * (disk.f_bavail * disk.f_frsize - room))
        ended = ground.start(case).wait()
        ballast.unlink()
        look_full(tally, ground, case, start, ended, where)


def look_full(
    tally: Tally, ground: Ground, case: Case, start: Beginning, ended: Ended, where: str
) -> None:
    """What a full disk must leave behind: one line, and what was there before."""
    lines = [line for line in ended.errors.splitlines() if line.startswith("error:")]
    if ended.code == 0:
        tally["fitted"] += 1
    elif ended.code != 1 or len(lines) != 1 or "unexpected" in lines[0]:
        tally.blame("wrong ending", f"{where}: {ended.code}: {ended.errors[-2000:]}")
    look(tally, ground, start, where)
    again(tally, ground, case, start, where)


def two_at_once(ground: Ground, case: Case, rng: random.Random, tally: Tally) -> None:
    """Run a command twice at once, and read what is there meanwhile."""
    start = ground.beginning(case, older=rng.random() < 0.5)
    ground.reset(start.folder)
    where = f"{case.name} twice at once in {start.folder.name}"
    first = ground.start(case)
    time.sleep(rng.uniform(0, 0.5) * start.seconds[1])
    second = ground.start(case)
    while not (first.is_over() and second.is_over()):
        with suppress(FileNotFoundError):  # renamed while we looked: read again
            for name in between(state(ground.work), start.before, start.after):
                tally.blame("lost", f"{where}: read while it is made: {name}")
            tally["reads"] += 1
    both = [first.wait(), second.wait()]
    tally["pairs"] += 1
    refused = [each for each in both if "is being made by process" in each.errors]
    tally["refused"] += len(refused)
    for each in both:
        if each.code != (1 if each in refused else 0) or len(refused) == 2:
            tally.blame("wrong ending", f"{where}: {each.code}: {each.errors[-2000:]}")
    again(tally, ground, case, start, where)


def flip(ground: Ground, case: Case, rng: random.Random, tally: Tally) -> None:
    """Change one bit of a finished store, and read all of it."""
    start = ground.beginning(case, older=False)
    original = start.done / case.product
    damaged = bytearray(original.read_bytes())
    place, bit = rng.randrange(len(damaged)), rng.randrange(8)
    damaged[place] ^= 1 << bit
    path = ground.work.with_name("damaged.h5")
    path.write_bytes(damaged)
    tally["bits"] += 1
    outcome = read_apart(path, start.after[case.product])
    if outcome in ("found", "no matter"):
        tally[outcome] += 1
    else:
        kind = "silent" if outcome == "silent" else "wrong ending"
        tally.blame(kind, f"{case.product}, bit {bit} of byte {place} changed: {outcome}")


def read_apart(path: Path, content: str) -> str:
    """Read a store from end to end in a process of its own: HDF5 may not survive it."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        outcome = "silent"
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.alarm(60)
            with Store(path) as store:
                for name in store.datasets():
                    store.array(name)
                store.verify()
                if content == store.content_id:
                    outcome = "no matter"
        except RtcanError as error:
            outcome = "found" if str(path) in str(error) else f"unnamed: {error}"
        except BaseException as error:
            outcome = f"{type(error).__name__}: {error}"
        os.write(writer, outcome.encode()[:4000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    return text or f"died of signal {os.WTERMSIG(status)}"


def table(title: str, tallies: dict[str, Tally], columns: Sequence[str]) -> int:
    """Print what was found, as Markdown; how many things were wrong."""
    total: Tally = sum(tallies.values(), Tally())
    shown = [*columns, *WRONG[:-1], *(["silent"] if "bits" in columns else [])]
    print(f"\n### {title}\n\n| Command | {' | '.join(shown)} |\n|---|{'---:|' * len(shown)}")
    for name, tally in {**tallies, "all": total}.items():
        print(f"| {name} | {' | '.join(str(tally[column]) for column in shown)} |", flush=True)
    return sum(total[kind] for kind in WRONG)


def in_lanes(
    ground: Ground, test: Test, cases: Sequence[Case], times: int, seed: int, lanes: int
) -> dict[str, Tally]:
    """Test the commands in turn, some at the same time; SIGINT ends it early."""
    pipes = []
    for lane in range(min(lanes, len(cases))):
        reader, writer = os.pipe()
        if not os.fork():
            one = ground.at(Path(tempfile.mkdtemp(dir=ground.place), "work"))
            signal.signal(signal.SIGINT, signal.default_int_handler)
            tallies = {case.name: Tally() for case in cases[lane::lanes]}
            try:
                for i in range(times):
                    case = cases[i % len(cases)]
                    if case.name in tallies:
                        test(one, case, random.Random(f"{seed} {i}"), tallies[case.name])
            except KeyboardInterrupt:
                pass
            except BaseException:
                traceback.print_exc()
                tallies[case.name].blame("wrong ending", f"{case.name}: could not be tested")
            finally:  # nothing of the process that was forked is undone
                os.write(writer, json.dumps(tallies).encode())
                os._exit(0)
        os.close(writer)
        pipes.append(reader)
    total = {case.name: Tally() for case in cases}
    for reader in pipes:
        with os.fdopen(reader) as pipe:
            for name, found in json.load(pipe).items():
                total[name].update(found)
        os.wait()
    return total


@contextmanager
def folder_of_one_process() -> Iterator[Path]:
    """A temporary folder that a forked process does not remove at its end."""
    place = Path(tempfile.mkdtemp())
    try:
        yield place
    finally:
        shutil.rmtree(place)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=500, help="over all commands")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--signal", choices=["KILL", "INT", "TERM"], default="KILL")
    parser.add_argument("--cold", action="store_true", help="start commands as a shell does")
    parser.add_argument("--disks", type=int, default=3, help="full disks for each command")
    parser.add_argument("--pairs", type=int, default=3, help="pairs at once for each command")
    parser.add_argument("--bits", type=int, default=300, help="changed bits of each store")
    parser.add_argument("--command", action="append", help="only this command (repeatable)")
    parser.add_argument("--lanes", type=int, default=1, help="how many at the same time")
    options = parser.parse_args()
    cases = [case for case in CASES if not options.command or case.name in options.command]
    stores = [case for case in cases if case.product.endswith(".h5")]
    kill = options.signal == "KILL"
    hows = ("group", "group", "process", "process", "worker") if kill else (options.signal,)
    wanted: list[tuple[str, Test, list[Case], int, Sequence[str]]] = [
        (
            f"{options.kills} times {options.signal}",
            *(partial(hit, hows), cases, options.kills),
            (*dict.fromkeys(hows), "went on", "ended first", *([] if kill else ["too early"])),
        )
    ]
    if kill:
        n = len(cases)
        wanted += [
            ("Full disks", full_disk, cases, options.disks * n, ("full", "fitted")),
            ("Two at once", two_at_once, cases, options.pairs * n, ("pairs", "refused", "reads")),
            (
                "Changed bits",
                *(flip, stores, options.bits * len(stores)),
                ("bits", "found", "no matter"),
            ),
        ]
    wrong = 0
    with folder_of_one_process() as place:
        ground = Ground(place, cases, options.cold)
        for title, test, of, times, columns in wanted:
            tallies = in_lanes(ground, test, of, times, options.seed, options.lanes)
            if times:
                wrong += table(title, tallies, columns)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
