"""No module gives data a way to run, to be unpacked anywhere, or to reach the network."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import rtcan_cli

SOURCES = sorted(Path(rtcan_cli.__file__).parent.rglob("*.py"))

#: Modules that run or unpickle what they read, or open connections.
MODULES = {
    *("pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "shelve", "yaml"),
    *("runpy", "code", "xmlrpc", "http", "urllib", "ftplib", "smtplib", "requests", "subprocess"),
    "socket",
}
#: Where one of them is needed: for what, says the comment.
EXCEPTIONS = {
    ("stores/work/lock.py", "socket"),  # the name of this machine
    ("cluster/shipping.py", "pickle"),  # tasks for a cluster that the user names and trusts
    ("export/formats.py", "torch.jit.load"),  # of the file that export has just written
    (
        "models/rtcan/released_file.py",
        "pickle",
    ),  # the error of PyTorch's restricted reader
}

BUILTINS = {"eval", "exec", "compile", "__import__"}
METHODS = {"extractall", "extract", "read_pickle", "to_pickle", "unpack_archive", "system", "popen"}
#: A function, and the argument that it must be given.
GUARDED = {
    ("torch", "load"): ("weights_only", True),
    ("np", "load"): ("allow_pickle", False),
}
FORBIDDEN = {
    ("joblib", "load"),
    ("torch.jit", "load"),
    ("torch.hub", "load"),
    ("scipy.io", "loadmat"),
}


def findings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of everything forbidden."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in MODULES:
                    yield node.lineno, alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in MODULES:
                yield node.lineno, str(node.module).split(".")[0]
        elif isinstance(node, ast.Call):
            yield from calls(node)


def calls(node: ast.Call) -> Iterator[tuple[int, str]]:
    if isinstance(node.func, ast.Name) and node.func.id in BUILTINS:
        yield node.lineno, node.func.id
    if isinstance(node.func, ast.Attribute):
        owner, name = ast.unparse(node.func.value), node.func.attr
        given = {each.arg: each.value for each in node.keywords}
        needed = GUARDED.get((owner, name))
        value = given.get(needed[0]) if needed else None
        if needed and not (isinstance(value, ast.Constant) and value.value is needed[1]):
            yield node.lineno, f"{owner}.{name} without {needed[0]}={needed[1]}"
        # A pattern is compiled as well, and a method of pandas extracts text.
        if (name in METHODS and ".str" not in owner) or (owner, name) in FORBIDDEN:
            yield node.lineno, f"{owner}.{name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_module_runs_what_it_reads(path: Path) -> None:
    name = path.relative_to(Path(rtcan_cli.__file__).parent)
    found = [
        (line, what)
        for line, what in findings(ast.parse(path.read_text(encoding="utf-8")))
        if (str(name), what) not in EXCEPTIONS
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from pickle import loads",
        "import os.path, urllib.request",
        "eval(text)",
        "exec(text)",
        "archive.extractall(folder)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=flag)",
        "joblib.load(path)",
        "os.system(text)",
    ],
)
def test_it_would_be_found(code: str) -> None:
    assert list(findings(ast.parse(code)))


@pytest.mark.parametrize(
    "code", ["model.eval()", "re.compile(text)", "torch.load(f, weights_only=True)"]
)
def test_what_looks_alike_is_not(code: str) -> None:
    assert not list(findings(ast.parse(code)))
