"""Options of figures: the same on every command that draws, and never ignored."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
import typer

from rtcan_cli.commands.shell.options import FigureOptions, column_width, figure_size
from rtcan_cli.commands.shell.usage import FIGURES
from tests.commands.printed import GROUP
from tests.conftest import rtcan

NAMES = {"--figures-dir", "--size", "--column-width", "--dpi", "--paper-colours"}
DRAWING = {
    "relabel",
    "decompose",
    "evaluate",
    "gradcam",
    "compare",
    "report",
    "info",
    "show",
    "contributions",
}


def test_every_command_that_draws_has_all_of_them_in_one_group() -> None:
    commands: dict[str, click.Command] = GROUP.commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        grouped = {
            option
            for each in command.params
            if getattr(each, "rich_help_panel", None) == FIGURES
            for option in each.opts
        }
        assert grouped - {"-o"} == (NAMES if name in DRAWING else set()), name


def test_commands_that_use_the_room_of_figures_are_those() -> None:
    """A command that gets to draw one day has to take the options, too."""
    package = Path(__file__).parents[3] / "rtcan_cli" / "commands"
    found = {path.stem for path in package.glob("*.py") if "figures: options." in path.read_text()}
    assert found == DRAWING


@pytest.mark.parametrize(
    "command",
    [
        "relabel",
        "decompose",
        "info",
        "info STORE",
        "info STORE --quality",
        "info --verify",
        "compare --table 3",
    ],
)
@pytest.mark.parametrize(
    "option",
    ["--size 7,5", "--column-width single", "--dpi 200", "--paper-colours", "--figures-dir x"],
)
def test_where_nothing_is_drawn_they_are_refused(command: str, option: str) -> None:
    if command.startswith("compare") and option.startswith("--figures-dir"):
        pytest.skip("tables are written there")
    outcome = rtcan(*command.split(), *option.split())
    assert outcome.exit_code == 2
    assert f"leave out {option.split()[0]}: " in " ".join(outcome.stderr.split())


def test_sizes() -> None:
    assert figure_size(None) is None
    assert figure_size("7,5.5") == (7, 5.5)
    assert figure_size("25.4, 12.7cm") == pytest.approx((10, 5))
    assert figure_size("254,127 mm") == pytest.approx((10, 5))
    for wrong in ("7", "7,", "a,b", "0,5", "7,5,3", "7,-1", "nan,5", "1e9,5", "2,2cm", "9,9mm"):
        with pytest.raises(typer.BadParameter):
            figure_size(wrong)


def test_widths() -> None:
    assert column_width(None) is None
    assert column_width("single") == pytest.approx(90 / 25.4)
    assert column_width("double") == pytest.approx(190 / 25.4)
    assert column_width("89") == column_width("89mm") == pytest.approx(89 / 25.4)
    for wrong in ("", "triple", "nan", "0", "-90", "59", "501", "9cm"):
        with pytest.raises(typer.BadParameter):
            column_width(wrong)


def test_a_size_and_a_width_are_refused_together() -> None:
    with pytest.raises(typer.BadParameter, match="--size or --column-width"):
        FigureOptions(size="7,5", column_width="single").look()
    look = FigureOptions(column_width="single", dpi=300, paper_colours=True).look()
    assert (look.width, look.size) == (pytest.approx(90 / 25.4), None)
    assert (look.dpi, look.paper_colours) == (300, True)
