"""Help of a command, with its options in groups, and answers to options of earlier versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from typer.core import TyperCommand

from rtcan_cli.command_line import command_line

#: Groups of options, in the order of the help; those that are in no other group come first.
GROUPS = OWN, DATA, MODEL, TRAINING, FIGURES, MACHINE, GENERAL = (
    "",
    "Data",
    "Model",
    "Training",
    "Figure",
    "Machine",
    "General",
)


def _stores(*kinds: str) -> dict[str, str]:
    return {f"--{kind}": f"--{kind}-store" for kind in kinds}


_INPUT = {"--input": "--recordings-store"}
_SAFE = {
    "--colour-blind": "colours are now such that all readers tell them apart; --paper-colours "
    "brings those of the paper back"
}


#: Letters of a word that is looked for in the help of options, and how many may have it.
_LONG_ENOUGH, _FEW = 4, 3


class Command(TyperCommand):
    """A command whose help lists options by group, as `rich_help_panel` names it.

    Typer has groups where rich draws the help, which would take longer than to answer.
    """

    #: By command, earlier names of options and what they are called now.
    renamed: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "relabel": {**_INPUT, "--figures": "--figures-dir"},
        "decompose": {**_INPUT, "--figures": "--figures-dir"},
        "eda-features": {**_INPUT, **_stores("components")},
        "music-features": _INPUT,
        "train": _stores("components", "labels", "music", "features"),
        "import-checkpoint": _stores("components", "labels", "music"),
        "predict": _stores("components", "features", "music", "recordings"),
        "evaluate": {"--output": "--figures-dir"},
        "gradcam": {
            **_stores("components", "labels"),
            "--features": "--music-store",
            "--output": "--figures-dir",
            "--run": "RUN, without the option",
        },
        "compare": {"--output": "--figures-dir"},
        "info": {"--figures": "--figures-dir"},
    }

    #: By command, options that are gone, and why.
    removed: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "train": {
            "--stack": "folds are no longer trained together as one program; on the CPU, --jobs "
            "trains several at the same time"
        },
        **dict.fromkeys(("relabel", "decompose", "evaluate", "gradcam", "info"), _SAFE),
        "compare": {
            **_SAFE,
            "--report": f"{command_line('report', output='FILE.html')} writes the report",
        },
    }

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; one that has another name now, or is gone, is answered with that."""
        for word in args:
            if said := self.of_earlier_versions(word.partition("=")[0]):
                ctx.fail(said)
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            # Click's NoSuchOption, of which Typer may have its own copy, proposes names of similar
            # letters; an option whose help has the word is a better guess.
            if hasattr(error, "possibilities"):
                found = self.options_about(getattr(error, "option_name", ""))
                error.possibilities = found or error.possibilities
            if hasattr(error, "message"):
                # Pydantic, by which newer versions of Typer read values, puts this before it.
                error.message = str(error.message).removeprefix("Value error, ")
            raise

    def options_about(self, option: str) -> list[str]:
        """Options whose help has the words of an unknown one, such as ``--songs``, if few."""
        words = option.strip("-").replace("-", " ").removesuffix("s")
        if len(words) < _LONG_ENOUGH:
            return []
        wanted = re.compile(rf"\b{re.escape(words)}s?\b", re.IGNORECASE)
        found = [
            max(each.opts, key=len)
            for each in self.params
            if each.param_type_name == "option" and wanted.search(getattr(each, "help", "") or "")
        ]
        return found if len(found) <= _FEW else []

    def of_earlier_versions(self, option: str) -> str | None:
        """What to say of an option that only earlier versions had, with its dashes."""
        if option in {name for each in self.params for name in each.opts}:
            return None
        if new := self.renamed.get(self.name or "", {}).get(option):
            return f"{option} is now {new}"
        if why := self.removed.get(self.name or "", {}).get(option):
            return f"{option} has been removed: {why}"
        return None

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options of each group below its name."""
        arguments: list[tuple[str, str]] = []
        groups: dict[str, list[tuple[str, str]]] = {}
        for each in self.get_params(ctx):
            record = each.get_help_record(ctx)
            if record is None:
                continue
            if each.param_type_name == "argument":
                arguments.append(record)
            else:
                group = getattr(each, "rich_help_panel", None) or OWN
                group = GENERAL if "--help" in each.opts else group
                groups.setdefault(group, []).append(record)
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl(arguments)
        for group in GROUPS:
            if group in groups:
                with formatter.section(f"{group} options".strip().capitalize()):
                    formatter.write_dl(groups[group])
