"""What every command shares on the shell: --json, --quiet, --debug, and errors as exit codes."""

from __future__ import annotations

import errno
import functools
import inspect
import os
import sys
from collections.abc import Callable
from copy import copy
from types import SimpleNamespace
from typing import Annotated, Any, get_args, get_type_hints

import typer

from rtcan_cli import console
from rtcan_cli.commands.shell.interrupts import interruptible
from rtcan_cli.commands.shell.options import (
    FIGURE_OPTIONS,
    FigureOptions,
    Figures,
    PlotFigures,
)
from rtcan_cli.commands.shell.streams import discard
from rtcan_cli.commands.shell.usage import GENERAL
from rtcan_cli.errors import PartlyDone, RtcanError
from rtcan_cli.extras import failed_import
from rtcan_cli.results.base import Result, as_data


def _switch(what: str, *names: str) -> Any:
    return Annotated[bool, typer.Option(*names, help=what, rich_help_panel=GENERAL)]


_SHARED: dict[str, Any] = {
    "json": _switch("Print one machine-readable object on stdout.", "--json"),
    "quiet": _switch("Print nothing but errors, and --json.", "--quiet", "-q"),
    "debug": _switch("Show the traceback of an error.", "--debug"),
}


def command(function: Callable[..., Result]) -> Callable[..., None]:
    """Turn a function that returns a result into a command-line function.

    The command gains the shared options. A problem ends it with one clear line and exit code 1,
    Ctrl-C with 130; a finished one prints its result and ends with 0.
    """
    own = inspect.signature(function)
    hints = _hints_of_parameters(function)
    drawing = [name for name, hint in hints.items() if _is_of_figures(hint)]

    @functools.wraps(function)
    def run(**options: Any) -> None:
        for name in _SHARED:
            setattr(console.verbosity, name, options.pop(name))
        # Idle threads of PyTorch's CPU pool sleep instead of spinning: on a machine that also does
        # something else, spinning makes small networks many times slower. Read when torch loads.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        try:
            for name in drawing:
                options[name] = _figure_options(options)
            with interruptible():
                _show(function(**options))
        except typer.BadParameter:
            raise  # options that do not go together: Typer shows the usage, with exit code 2
        except PartlyDone as error:
            _show(error.result)
            _fail(error, str(error), error.hint)
        except RtcanError as error:
            _fail(error, str(error), error.hint)
        except KeyboardInterrupt:
            again = "the same command again" + (", --force included" * bool(options.get("force")))
            console.fail("interrupted", f"{again}; long steps go on where they stopped")
            raise typer.Exit(console.EXIT_INTERRUPTED) from None
        except OSError as error:
            _fail_if_of_import(function, error)
            where = f"{error.filename}: " if error.filename else ""
            _fail(error, f"{where}{error.strerror or error}", None)
        except Exception as error:
            _fail_if_of_import(function, error)
            first_line = (str(error).splitlines() or [""])[0]
            message = f"unexpected {type(error).__name__}: {first_line}"
            _fail(error, message, "the same command with --debug, and report what it shows")

    parameters = [each for name, p in own.parameters.items() for each in _expanded(p, hints[name])]
    parameters += [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation
        )
        for name, annotation in _SHARED.items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    del run.__wrapped__  # or inspect would look through to it
    return run


def _hints_of_parameters(function: Callable[..., Result]) -> dict[str, Any]:
    """Types of the parameters alone: that of the result would have to be loaded, also for help."""
    own = {name: hint for name, hint in function.__annotations__.items() if name != "return"}
    parameters = SimpleNamespace(__annotations__=own)
    return get_type_hints(parameters, function.__globals__, include_extras=True)


def _is_of_figures(hint: Any) -> bool:
    return hint in (Figures, PlotFigures)


def _expanded(parameter: inspect.Parameter, hint: Any) -> list[inspect.Parameter]:
    """A parameter as the command line has it: that of figures is several options."""
    if not _is_of_figures(hint):
        return [parameter.replace(annotation=hint)]
    options = dict(FIGURE_OPTIONS)
    if hint == Figures:
        kind, about = get_args(options["folder"])
        about = copy(about)
        about.param_decls = (*about.param_decls, "-o")
        options["folder"] = Annotated[kind, about]
    return [
        inspect.Parameter(
            name,
            parameter.kind,
            default=False if name == "paper_colours" else None,
            annotation=annotation,
        )
        for name, annotation in options.items()
    ]


def _figure_options(options: dict[str, Any]) -> FigureOptions:
    """Take the options of figures out of those of a command."""
    typed = {name: options.pop(name) for name in FIGURE_OPTIONS}
    typed = {name: value for name, value in typed.items() if value not in (None, False)}
    names = {"folder": "figures_dir"}
    given = tuple(f"--{names.get(name, name).replace('_', '-')}" for name in typed)
    return FigureOptions(**typed, given=given)


def _show(result: Result) -> None:
    """Print the result of a finished step. What keeps it from being read does not undo the step."""
    from rtcan_cli import views
    from rtcan_cli.views import terminal

    try:
        if console.verbosity.json:
            terminal.print_json(as_data(result))
        elif not console.verbosity.quiet:
            terminal.print_page(views.page(result))
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)  # the reader of our output has seen enough; that is not an error
    except OSError as error:
        discard(sys.stdout)
        if sys.platform == "win32" and error.errno == errno.EINVAL:
            return  # what Windows says where others say that a pipe is broken
        raise RtcanError(
            "the step is done, but its summary could not be written to standard output: "
            f"{error.strerror or error}",
            hint="the same command again, which shows the summary without repeating the work",
        ) from error


def _fail_if_of_import(function: Callable[..., Result], error: Exception) -> None:
    """End the command if an optional package is missing or broken: it was not noticed before."""
    known = failed_import(function.__name__.replace("_", "-"), error)
    if known is not None:
        _fail(error, str(known), known.hint)


def _fail(error: Exception, message: str, hint: str | None) -> None:
    if console.verbosity.debug:
        raise error
    console.fail(message, hint)
    raise typer.Exit(console.EXIT_FAILED)
