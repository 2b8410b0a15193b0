"""A small installation: what works in it, and what is said where a package is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.extras import INCLUDES, PACKAGES, failed_import, require
from tests.docs.test_packaging import extras, names, project

#: What hides packages from a process.
HIDING = '''
import contextlib, io, json, sys

wanted = json.load(sys.stdin)


class Blind:
    """A finder that finds all but what is hidden: not even that it is missing is in sys.modules."""

    def __init__(self, finder):
        self._finder = finder

    def __getattr__(self, name):
        return getattr(self._finder, name)

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in wanted["hidden"]:
            return None
        return self._finder.find_spec(name, path, target)


sys.meta_path[:] = [Blind(finder) for finder in sys.meta_path]
'''
#: Runs commands one after the other, as if the packages were not installed; what each printed is
#: one line of JSON: exit code, stderr.
PROGRAM = (
    HIDING
    + """
from rtcan_cli.app import main

for words in wanted["commands"]:
    sys.argv, told, code = ["rtcan", *words], io.StringIO(), 0
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    print(json.dumps([code, told.getvalue()]))
assert not {*wanted["hidden"]} & {*sys.modules}
"""
)


def without(hidden: list[str], commands: list[list[str]], folder: Path) -> list[tuple[int, str]]:
    """Exit code and messages of commands in a process that lacks packages."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps({"hidden": hidden, "commands": commands}),
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert result.returncode == 0, result.stderr
    return [(code, told) for code, told in map(json.loads, result.stdout.splitlines())]


#: Says what each name of the Python API is in such a process: its type, or an error.
ASKING = (
    HIDING
    + """
from rtcan_cli import api

for name in api.__all__:
    try:
        said = type(getattr(api, name)).__name__
    except api.RtcanError as error:
        said = str(error)
    print(json.dumps([name, said]))
"""
)


def test_the_python_api_loads_what_is_there_and_names_what_is_missing() -> None:
    hidden = ["torch", "captum", "sklearn", "matplotlib", "numba", "llvmlite", "opensmile"]
    result = subprocess.run(
        [sys.executable, "-c", ASKING],
        input=json.dumps({"hidden": hidden}),
        capture_output=True,
        text=True,
        check=True,
    )
    said = dict(map(json.loads, result.stdout.splitlines()))
    refused = {name: text for name, text in said.items() if "which is not installed" in text}
    assert refused.keys() == {
        *("ProtocolSplit", "RTCANClassifier", "decompose_trials", "RTCAN", "rebuild", "attribute"),
        *("ExportedModels", "read_weights", "explain_trial", "contributions_of_run"),
        *("contributions_of_trial", "fused_sources", "newest_fused"),
    }
    assert refused["RTCAN"].startswith("rtcan_cli.api.RTCAN needs PyTorch")
    assert said["decompose"] == said["relabel"] == said["train_run"] == "function"


#: Ways to ask for a name in a process that lacks PyTorch.
IMPORTING = (
    HIDING
    + """
from rtcan_cli import api

for line in ("from rtcan_cli.api import RTCAN", "from rtcan_cli.api import *", "api.RTCAN"):
    for kind in (ImportError, api.RtcanError):
        try:
            exec(line)
        except kind as error:
            print(json.dumps([str(error), error.hint]))
print(json.dumps(hasattr(api, "NoSuchName")))
"""
)


def test_a_name_without_its_package_is_an_import_error_that_says_what_to_install() -> None:
    result = subprocess.run(
        [sys.executable, "-c", IMPORTING],
        input=json.dumps({"hidden": ["torch"]}),
        capture_output=True,
        text=True,
        check=True,
    )
    *answers, has_other = map(json.loads, result.stdout.splitlines())
    assert has_other is False
    assert len(answers) == 6
    for said, hint in answers:
        assert said == "rtcan_cli.api.RTCAN needs PyTorch, which is not installed"
        assert hint.startswith("pip install 'rtcan-cli[networks]'")


def test_the_core_lacks_exactly_the_optional_packages() -> None:
    core = names(project()["dependencies"])
    brought = {extra: names(wanted) for extra, wanted in extras().items()}
    for module, package in PACKAGES.items():
        assert package.distribution not in core, module
        if module != "dask":  # distributed brings it
            assert package.distribution in brought[package.extra], module
    own = {package.distribution for package in PACKAGES.values()}
    for extra in names(extras()["all"], own=True):
        for included in names(extras()[extra], own=True) or {extra}:
            assert brought[included] <= own, included
    assert {
        extra: names(wanted, own=True)
        for extra, wanted in extras().items()
        if extra not in ("all", "docs", "test", "formats") and names(wanted, own=True)
    } == INCLUDES


@pytest.mark.parametrize(
    ("modules", "says", "hint"),
    [
        (["sklearn"], "needs scikit-learn, which is not installed", "'rtcan-cli[baselines]'"),
        (
            ["torch", "captum", "sklearn"],
            "needs PyTorch, Captum and scikit-learn, which are not installed",
            "'rtcan-cli[networks]'",
        ),
        (["opensmile", "numba"], "openSMILE and Numba, which are", "'rtcan-cli[music,solvers]'"),
    ],
)
def test_all_that_is_missing_is_named_with_one_command(
    modules: list[str], says: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RtcanError, match=says) as error:
        require("rtcan anything", *modules, "numpy")
    assert hint in str(error.value.hint)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise OSError('libtorch.so: cannot open shared object file')", "libtorch.so: cannot"),
        ("raise ImportError('libcudart.so.12: version mismatch')", "libcudart.so.12: version"),
        ("import a_package_that_is_not_there", "No module named 'a_package_that_is_not_there'"),
    ],
)
def test_a_package_that_cannot_be_loaded_says_why(
    source: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "captum.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for loaded in [each for each in sys.modules if each.partition(".")[0] == "captum"]:
        monkeypatch.delitem(sys.modules, loaded)
    with pytest.raises((OSError, ImportError)) as raised:
        __import__("captum")
    error = failed_import("rtcan gradcam", raised.value)
    assert error is not None
    assert f"needs Captum, which is installed but cannot be loaded: {reason}" in str(error)
    assert error.hint == "pip install --force-reinstall captum"


def test_other_errors_are_none_of_its_business() -> None:
    assert failed_import("rtcan info", ModuleNotFoundError("no", name="pandas")) is None
    assert failed_import("rtcan info", OSError("disk full")) is None


#: What each command needs that the small installation lacks.
REFUSED = {
    ("train", "--dataset", "hku956"): ("PyTorch", "networks"),
    ("train", "--dataset", "hku956", "--model", "majority"): ("scikit-learn", "baselines"),
    ("gradcam", "--all"): ("PyTorch", "networks"),
    ("contributions",): ("PyTorch", "networks"),
    ("import-checkpoint", "network.pt", "--dataset", "hku956"): ("PyTorch", "networks"),
    ("show", "1:1"): ("Matplotlib", "figures"),
    ("report",): ("Matplotlib", "figures"),
    ("compare", "--figure", "3"): ("Matplotlib", "figures"),
    ("decompose", "--plot", "1:1"): ("Matplotlib", "figures"),
    ("train", "--dataset", "hku956", "--tensorboard", "events"): (
        "PyTorch, TensorBoard and scikit-learn",
        "networks,tensorboard",
    ),
    ("decompose", "--solver", "cvxopt", "--force"): ("CVXOPT", "solvers"),
    ("decompose", "--cluster", "tcp://127.0.0.1:9", "--force"): ("Dask", "cluster"),
}


@pytest.mark.long
def test_a_small_installation_goes_from_raw_files_to_features(tmp_path: Path) -> None:
    """Without any optional package; then with scikit-learn, to scores."""
    hidden = [*PACKAGES]
    data = ["--dataset", "hku956"]
    chain = [
        ["simulate", "hku956", "raw", "--subjects", "6", "--stimuli", "6", "--duration", "30"],
        ["ingest", "hku956", "raw", "--jobs", "1"],
        ["relabel", *data],
        ["decompose", *data, "--jobs", "1"],
        ["eda-features", *data, "--jobs", "1"],
        ["info"],
        ["models"],
    ]
    for words, (code, told) in zip(chain, without(hidden, chain, tmp_path), strict=True):
        assert code == 0, (words, told)
    refused = list(REFUSED)
    answers = without(hidden, [list(words) for words in refused], tmp_path)
    for words, (code, told) in zip(refused, answers, strict=True):
        title, extra = REFUSED[words]
        assert code == 1, (words, told)
        line, *rest = told.strip().splitlines()
        assert line.startswith("error: "), words
        assert title in line, (words, told)
        assert "not installed" in line, (words, told)
        assert f"pip install 'rtcan-cli[{extra}" in " ".join(rest), (words, told)
    scored = [
        ["train", *data, "--model", "svm-eda,majority", "--folds", "3", "--jobs", "1"],
        ["evaluate"],
        ["compare"],
    ]
    hidden.remove("sklearn")
    answers = without(hidden, scored, tmp_path)
    for words, (code, told) in zip(scored, answers, strict=True):
        assert code == 0, (words, told)
    assert "no figures, as Matplotlib is not installed" in answers[1][1]
    assert list((tmp_path / "rtcan-figures").rglob("*.csv"))
    assert not list((tmp_path / "rtcan-figures").rglob("*.png"))
    export = ["export", "--onnx", "m.onnx", "--safetensors", "m.safetensors"]
    ((code, told),) = without(hidden, [export], tmp_path)
    assert code == 1
    assert "PyTorch, ONNX, ONNX Script, ONNX Runtime and safetensors, which are not" in told
    assert "pip install 'rtcan-cli[networks,export]'" in told


#: Decomposes recordings with or without Numba, and writes what was found.
DECOMPOSING = """
import sys
if sys.argv[1].endswith("rows"):
    sys.modules["numba"] = None
import numpy as np
from rtcan_cli.eda.compiled import IS_COMPILED
from rtcan_cli.eda.cvxeda.parameters import CvxedaParameters
from rtcan_cli.eda.cvxeda.solve import decompose_all
from tests.eda.recordings import KINDS, awkward
from tests.real_listeners import recordings

assert IS_COMPILED == (not sys.argv[1].endswith("rows"))
real = [each for each in recordings().values() if each.size > 100 and each.std() > 0]
work = [(4.0, CvxedaParameters(), [(each - each.mean()) / each.std() for each in real[::8]])]
# A rate at which an interval between knots is short, and one at which it is long; other knots, so
# that there are fewer samples than knots need, or more columns at a time.
for rate, seconds, changed in (
    (2.0, 40, {}),
    (50.0, 23, {}),
    (8.0, 35, {"tau0": 8.0, "knot_interval": 5.0}),
    (4.0, 12, {"knot_interval": 30.0}),
):
    signals = [awkward(kind, rate, seconds + k, k) for k, kind in enumerate(KINDS)]
    work.append((rate, CvxedaParameters(**changed), signals))
parts, numbers = [], []
for rate, parameters, signals in work:
    found = decompose_all(signals, rate, parameters)
    # Each is found to the last bit as it would be alone, or beside others.
    for few in (slice(1, 2), slice(0, 3)):
        for one, other in zip(decompose_all(signals[few], rate, parameters), found[few]):
            assert np.array_equal(one.driver, other.driver)
            assert np.array_equal(one.tonic, other.tonic)
    for each in found:
        assert type(each.phasic) is np.ndarray and each.solver == "structured"
        parts.append([each.phasic, each.tonic])
        numbers.append([each.iterations, each.raised, each.alpha, each.objective])
np.savez(sys.argv[1], parts=np.concatenate(parts, axis=1), numbers=numbers)
"""


@pytest.mark.long
def test_the_solver_finds_the_same_without_numba(tmp_path: Path) -> None:
    for how in ("rows", "compiled"):
        program = [sys.executable, "-c", DECOMPOSING, str(tmp_path / how)]
        run = subprocess.run(program, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
    rows, compiled = (np.load(tmp_path / f"{how}.npz") for how in ("rows", "compiled"))
    np.testing.assert_allclose(rows["parts"], compiled["parts"], atol=1e-6)
    (steps, *numbers), (other_steps, *others) = rows["numbers"].T, compiled["numbers"].T
    np.testing.assert_allclose(numbers, others, rtol=1e-9, atol=1e-9)
    # Where the model fits as good as perfectly, rounding errors say when to stop.
    fits = compiled["numbers"][:, 3] < 1e-6
    assert 0 < fits.sum() < 5
    assert np.array_equal(steps[~fits], other_steps[~fits])
