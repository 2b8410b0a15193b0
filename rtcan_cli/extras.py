"""Optional packages: which extra of rtcan brings each, and one error where one cannot be used.

Only some commands need them, so that a small installation does without. A command says with
`require` what it is going to need, before it does any work. Whatever fails to be imported all the
same, `failed_import` turns into the same error.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import NamedTuple

from rtcan_cli.errors import RtcanError


class MissingPackage(RtcanError, ImportError):
    """An optional package that is not installed, or cannot be loaded.

    An `ImportError`, too, so that who tries whether something can be imported is answered as usual.
    """


class Package(NamedTuple):
    """A package that rtcan can do without.

    Attributes
    ----------
    title : str
        As its makers write it.
    extra : str
        The extra of rtcan that brings it.
    distribution : str
        Its name for pip.
    """

    title: str
    extra: str
    distribution: str


def _packages() -> Iterator[tuple[str, Package]]:
    for module, title, extra, *distribution in (
        ("torch", "PyTorch", "networks"),
        ("captum", "Captum", "networks"),
        ("sklearn", "scikit-learn", "baselines", "scikit-learn"),
        ("matplotlib", "Matplotlib", "figures"),
        ("numba", "Numba", "solvers"),
        ("llvmlite", "llvmlite", "solvers"),
        ("cvxopt", "CVXOPT", "solvers"),
        ("opensmile", "openSMILE", "music"),
        ("distributed", "Dask", "cluster"),
        ("dask", "Dask", "cluster", "distributed"),
        ("tensorboard", "TensorBoard", "tensorboard"),
        ("onnx", "ONNX", "export"),
        ("onnxruntime", "ONNX Runtime", "export"),
        ("onnxscript", "ONNX Script", "export"),
        ("safetensors", "safetensors", "export"),
        ("edfio", "edfio", "edf"),
        ("pyxdf", "pyxdf", "xdf"),
        ("bioread", "bioread", "biopac"),
        ("wfdb", "wfdb", "wfdb"),
        ("fastavro", "fastavro", "avro"),
        ("openpyxl", "openpyxl", "excel"),
        ("pylsl", "pylsl", "live"),
        ("xarray", "xarray", "xarray"),
        ("h5netcdf", "h5netcdf", "xarray"),
    ):
        yield module, Package(title, extra, distribution[0] if distribution else module)


#: By the name that is imported.
PACKAGES = dict(_packages())

#: Extras that bring others with them.
INCLUDES = {"networks": {"baselines", "figures"}}

#: What `rtcan export` needs beside PyTorch, by the option of the file.
EXPORTS = {
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
    "torchscript": (),
    "safetensors": ("safetensors",),
}

_WITHOUT_GPU = "pip install torch --index-url https://download.pytorch.org/whl/cpu"


def is_installed(module: str) -> bool:
    """Whether a package is there, working or not; it is not imported."""
    return find_spec(module) is not None


def require(what: str, *modules: str) -> None:
    """Refuse what needs optional packages that are not installed.

    Parameters
    ----------
    what : str
        What is asked for, such as ``"gradcam"``.
    *modules : str
        What it imports, sooner or later: keys of `PACKAGES`.

    Raises
    ------
    MissingPackage
        If one of them is not installed. It names all that are missing.
    """
    missing = [module for module in modules if not is_installed(module)]
    if missing:
        raise _missing(what, missing)


def failed_import(what: str, error: BaseException) -> MissingPackage | None:
    """The error for an optional package that cannot be used; None if the error is another one.

    Parameters
    ----------
    what : str
        What was asked for.
    error : exception
        What was raised, by whatever: also by a package that is installed, while it was imported.
    """
    wanted = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
    if isinstance(error, ModuleNotFoundError) and wanted in PACKAGES and not is_installed(wanted):
        return _missing(what, [wanted])
    broken = _being_imported(error)
    if broken is None and wanted in PACKAGES:
        broken = wanted
    if broken is None:
        return None
    package = PACKAGES[broken]
    reason = " ".join(str(error).split()) or type(error).__name__
    return MissingPackage(
        f"{what} needs {package.title}, which is installed but cannot be loaded: {reason}",
        f"pip install --force-reinstall {package.distribution}",
    )


def _missing(what: str, modules: list[str]) -> MissingPackage:
    titles = list(dict.fromkeys(PACKAGES[module].title for module in modules))
    wanted = list(dict.fromkeys(PACKAGES[module].extra for module in modules))
    brought = {each for extra in wanted for each in INCLUDES.get(extra, ())}
    extras = ",".join(extra for extra in wanted if extra not in brought)
    *others, last = titles
    names = f"{', '.join(others)} and {last}" if others else last
    hint = f"pip install 'rtcan-cli[{extras}]'"
    if "torch" in modules:
        hint = f"{hint}; on Linux without a GPU, first: {_WITHOUT_GPU}"
    return MissingPackage(
        f"{what} needs {names}, which {'are' if others else 'is'} not installed", hint
    )


def _being_imported(error: BaseException) -> str | None:
    """The optional package in whose modules an error was raised while they were imported."""
    found, step = None, error.__traceback__
    while step is not None:
        module = str(step.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if step.tb_frame.f_code.co_name == "<module>" and module in PACKAGES:
            found = found or module
        step = step.tb_next
    return found
