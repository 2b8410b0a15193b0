from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.eda import compiled as compiling
from rtcan_cli.eda.compiled import compiled


def test_division_by_zero_is_infinite_and_missing_numbers_stay_missing():
    @compiled()
    def ratio(x):
        out = np.empty_like(x)
        for k in range(x.size):
            out[k] = 1.0 / x[k]
        return out

    result = ratio(np.array([0.0, np.nan, 2.0]))
    assert result[0] == np.inf
    assert np.isnan(result[1])
    assert result[2] == 0.5


def test_what_is_called_becomes_part_of_its_caller(monkeypatch):
    """Else there are several translations of it, and a process takes the one it loads first."""
    monkeypatch.setattr(compiling, "_folder", lambda chosen: "")  # what is kept cannot be read

    @compiled("reassoc")
    def ratios(x, y):  # long enough for LLVM to leave it a function of its own
        total = 0.0
        for k in range(x.size):
            for other in range(y.size):
                total += x[k] * y[other] / (1.0 + x[k] * x[k])
        for k in range(x.size):
            for other in range(y.size):
                total -= x[k] / (2.0 + y[other] * y[other])
        return total

    @compiled()
    def differences(x, y):
        return ratios(x, y) - ratios(y, x) + ratios(x, x) - ratios(y, y)

    def reference(x, y):
        first, second = np.outer(x / (1 + x * x), y), np.outer(x, 1 / (2 + y * y))
        return first.sum() - second.sum()

    x, y = np.random.default_rng(0).standard_normal((2, 50))
    parts = [reference(x, y), -reference(y, x), reference(x, x), -reference(y, y)]
    assert differences(x, y) == pytest.approx(sum(parts))
    (code,) = differences.inspect_llvm().values()
    assert "differences" in code
    assert not re.findall(r"call [^\n]*ratios", code)


#: Prints a digest of a decomposition, and how many functions it took from the disk, after loading
#: each function on its own that is to be loaded first.
DIGEST = """
import hashlib, sys
import numpy as np
from rtcan_cli.eda.cvxeda import structured
from rtcan_cli.eda.methods import method
from tests.eda.recordings import simulated

interior_point = structured._interior_point
for name in sys.argv[1:]:
    function = getattr(structured, name)
    for signature, *_ in function._cache._cache_file._load_index():
        function.compile(signature)
digest = hashlib.sha256()
for found in method().split_all([simulated(8.0, 60.0, seed) for seed in range(5)], 8.0):
    for each in (found.driver, found.tonic, found.residual, np.array([found.objective, found.gap])):
        digest.update(each.tobytes())
print(digest.hexdigest(), sum(interior_point.stats.cache_hits.values()))
"""


@pytest.mark.long
def test_the_bits_do_not_depend_on_what_was_kept_or_loaded_before(tmp_path):
    """With Numba 0.61, the first decomposition after an installation was another one."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}

    def digest(*first):
        line = [sys.executable, "-c", DIGEST, *first]
        done = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.split()

    bits, hits = digest()
    assert hits == "0"
    assert digest() == [bits, "1"]
    for first in ("whiten_difference", "smooth_sum", "tonic_transposed"):
        assert digest(first) == [bits, "1"]


@pytest.fixture
def ask(tmp_path):
    """A package with a function that asks another one, and a way to call it in a new process."""
    package = tmp_path / "package"
    package.mkdir()
    source = Path(__file__).parents[2] / "rtcan_cli" / "eda" / "compiled.py"
    (package / "compiled.py").write_text(source.read_text())
    (package / "caller.py").write_text(
        "from compiled import compiled\n"
        "from callee import answer\n"
        "@compiled()\n"
        "def ask():\n"
        "    return answer()\n"
        "print(ask())\n"
        "print(sum(ask.stats.cache_hits.values()))\n"
    )

    def call(value, **variables):
        """What it answers, and how many functions came from the disk."""
        (package / "callee.py").write_text(
            f"from compiled import compiled\n@compiled()\ndef answer():\n    return {value}\n"
        )
        own = {"PYTHONPATH": str(package), "XDG_CACHE_HOME": str(tmp_path / "home"), **variables}
        environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"} | own
        done = subprocess.run(
            [sys.executable, "-c", "import caller"],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return [int(word) for word in done.stdout.split()]

    return call


def kept(folder):
    return list(folder.glob("compiled-*/**/*.nbi"))


@pytest.mark.long
def test_a_change_in_a_called_file_is_noticed(tmp_path, ask):
    # Numba alone would go on with the machine code of the old callee.
    assert ask(41) == [41, 0]
    assert ask(42) == [42, 0]
    assert ask(42) == [42, 1]
    assert kept(tmp_path / "package" / "__pycache__")
    assert not (tmp_path / "home").exists()


@pytest.mark.long
def test_machine_code_is_kept_where_the_user_wants_it(tmp_path, ask):
    chosen = {"NUMBA_CACHE_DIR": str(tmp_path / "chosen")}
    assert ask(41, **chosen) == [41, 0]
    assert ask(42, **chosen) == [42, 0]
    assert ask(42, **chosen) == [42, 1]
    assert kept(tmp_path / "chosen")
    assert not kept(tmp_path / "package" / "__pycache__")


@pytest.mark.long
def test_machine_code_is_kept_by_the_user_where_the_package_cannot_be_written_to(tmp_path, ask):
    (tmp_path / "package" / "__pycache__").write_text("no folder")
    assert ask(41) == [41, 0]
    assert ask(42) == [42, 0]
    assert ask(42) == [42, 1]
    assert kept(tmp_path / "home" / "rtcan")


@pytest.mark.long
def test_without_any_folder_it_is_compiled_each_time(tmp_path, ask):
    for name in ("package/__pycache__", "home"):
        (tmp_path / name).write_text("no folder")
    assert ask(41) == ask(41) == [41, 0]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's cache, where the package may not be written to."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "__pycache__").write_text("not a folder")
    monkeypatch.setattr(compiling, "__file__", str(package / "compiled.py"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "rtcan"


def folder(chosen=""):
    return compiling._folder.__wrapped__(str(chosen))


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="access rights of POSIX")
@pytest.mark.parametrize("whose", ["another", "everybody", "a link"])
def test_machine_code_that_others_may_have_written_is_not_run(tmp_path, home, monkeypatch, whose):
    chosen = tmp_path / "chosen"
    made = Path(folder(chosen))
    assert made.parent == chosen
    assert made.stat().st_mode & 0o777 == 0o700
    if whose == "another":
        uid = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: uid + 1)
        assert folder(chosen) == ""  # nor is a folder of ours, which is now another user's
        return
    if whose == "everybody":
        made.chmod(0o777)
    else:
        made.rename(tmp_path / "elsewhere")
        made.symlink_to(tmp_path / "elsewhere")
    assert Path(folder(chosen)).parent == home


def test_machine_code_of_earlier_versions_is_removed_after_a_month(tmp_path, home):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    old, recent, other = (home / f"compiled-{n}" for n in ("old", "recent", "link"))
    for each in (old, recent):
        (each / "sub").mkdir(parents=True)
    (old / "sub" / "link").symlink_to(precious)
    other.symlink_to(precious)
    (home / "something").mkdir()
    for each in (old, precious, home / "something"):
        os.utime(each, (0, 0))
    made = Path(folder())
    assert {each.name for each in home.iterdir()} == {
        *(made.name, "compiled-recent", "compiled-link", "something")
    }
    assert (precious / "file").read_text() == "x"
    # A folder that is there already is no reason to look for others.
    old.mkdir()
    os.utime(old, (0, 0))
    assert Path(folder()) == made
    assert old.exists()
