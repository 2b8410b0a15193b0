"""The HTML report: everything that is there, nothing from elsewhere, and where it comes from."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from rtcan_cli import views
from rtcan_cli.results.base import as_data
from rtcan_cli.results.paper import SCORE_COLUMNS
from rtcan_cli.results.report import WorkspaceReport
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.report.collect import collect_report
from rtcan_cli.steps.scores.evaluate import evaluate_run
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.views.html.document import ALL_SIMULATED, ONLY_LAYOUT, PAPER, alarm, write_report
from tests.conftest import SONG, SUBJECT, must, rtcan
from tests.runs.finished_runs import finish_run
from tests.views.html.browser import Browser, find_chromium
from tests.views.html.reading import Seen

HOSTILE = "<img src=x onerror=alert(1)>&"


def report(root: Path, folder: Path) -> tuple[WorkspaceReport, Seen]:
    stores = Workspace(root)
    told = collect_report(stores, stores.runs(), folder / "figures")
    told = write_report(told, folder / "r.html")
    assert told.files == (folder / "r.html",)
    return told, Seen((folder / "r.html").read_text(encoding="utf-8"))


@contextmanager
def drawn_as_svg() -> Iterator[None]:
    """Draw every third figure that the page shows, which stands for the next two as well.

    All other files of figures are empty. Drawing them takes most of the time of a report.
    """
    drawn = Figure.savefig.__wrapped__  # type: ignore[attr-defined]
    shown: list[bytes] = []

    def only_svg(figure: Figure, buffer: BytesIO, **options: object) -> None:
        if options.get("format") == "svg":
            if len(shown) % 3 == 0:
                drawn(figure, buffer, **options)
                shown.append(buffer.getvalue())
            else:
                buffer.write(shown[-1])
                shown.append(shown[-1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", only_svg)
        yield


@pytest.fixture(scope="module")
def whole_report(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of all there is in a small workspace, made by the command."""
    folder = tmp_path_factory.mktemp("report")
    with drawn_as_svg():
        must("report", "-w", trained, "-o", folder / "r.html", "--figures-dir", folder / "figures")
    return folder / "r.html"


@pytest.fixture(scope="module")
def seen(whole_report: Path) -> Seen:
    return Seen(whole_report.read_text(encoding="utf-8"))


def test_it_holds_what_can_be_made_and_names_what_cannot(seen: Seen) -> None:
    titles = [text for _, text in seen.headings]
    for number in (1, 2, 3, 5, 6):
        assert any(text.startswith(f"Table {number}: ") for text in titles)
    for number in (3, 5, 6, 7, 8):
        assert any(text.startswith(f"Fig. {number}: ") for text in titles)
    # The paper's trial, and the three networks that the paper shows.
    for name in ("columns_valence", "heat_valence", "columns_arousal", "heat_arousal"):
        assert f"File: attention_{name}_subject_{SUBJECT}_music_{SONG}." in seen.text
    assert {"Rb", "Rd", "Rf"} <= set(seen.text[seen.text.index("Fig. 5: ") :].split())
    assert not any(text.startswith("Fig. 4") for text in titles)
    assert "Contribution of EDA and music" in titles
    assert "Contribution of EDA and music: mean absolute values" in seen.text
    assert "Fig. 4 is not shown: no model was trained on several numbers" in seen.text
    # Of the shares of `--subjects`, only those from which folds can be dealt here.
    assert "--subjects 40%,70%,100%" in seen.text


def test_its_tables_are_files_too(whole_report: Path) -> None:
    names = {path.name for path in (whole_report.parent / "figures" / "report").iterdir()}
    for stem in ("table1", "table2", "table3", "table5", "table6", "comparison"):
        assert {f"{stem}.csv", f"{stem}.md", f"{stem}.tex"} <= names


def test_headings_go_down_one_level_at_a_time(seen: Seen) -> None:
    levels = [level for level, _ in seen.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [each["id"] for each in seen.all("section")]
    assert [each["href"] for each in seen.all("a")] == [f"#{name}" for name in ids]


def test_pictures_are_inside_and_described(seen: Seen) -> None:
    images = seen.all("img")
    assert len(images) >= 5
    for each in images:
        kind, _, content = (each["src"] or "").partition(",")
        assert kind == "data:image/svg+xml;base64"
        assert b"<svg" in base64.b64decode(content)
    assert all(each["alt"] for each in images)


def test_simulated_data_are_marked_before_anything_else(seen: Seen) -> None:
    assert ALL_SIMULATED in seen.text
    assert seen.text.index(ALL_SIMULATED) < seen.text.index("written")
    assert "PMEmo (simulated)" in seen.text


def test_every_store_and_run_says_where_it_comes_from(seen: Seen, trained: Path) -> None:
    stores = Workspace(trained)
    for kind in ("recordings", "labels", "components", "music"):
        with Store(stores.store("pmemo", kind)) as store:
            assert store.content_id in seen.text
            assert f"rtcan {store.provenance.command}" in seen.text
    for path in stores.runs():
        run = Run.load(path)
        assert run.content_id in seen.text
        assert run.settings.line("pmemo", trained) in seen.text
    assert "Table 3, Table 5, Table 6" in seen.text or "Table 3, Table 4, Table 5" in seen.text


def test_the_answer_comes_first_and_the_scores_are_those_of_its_run(
    seen: Seen, trained: Path
) -> None:
    assert seen.all("section")[0]["id"] == "answer"
    answer = seen.text[: seen.text.index("The data and their quality")]
    # One network was trained on all folds; those of a single fold are not asked.
    (whole,) = (run for run in map(Run.load, Workspace(trained).runs()) if run.is_complete)
    for target in ("valence", "arousal"):
        assert f"EDA and music predict {target} in unseen simulated subjects" in answer
    found = evaluate_run(whole.path)
    for score in found.scores[found.scores["score"] == "balanced_accuracy"].itertuples():
        assert f"{100 * score.estimate:.1f} ({100 * score.low:.1f} to" in answer
    assert f"PMEmo (simulated): {whole.name}" in [text for _, text in seen.headings]
    assert "File: roc_arousal." in seen.text
    assert "File: attention_average_arousal." in seen.text


def test_what_was_not_tried_has_a_line(seen: Seen) -> None:
    answer = seen.text[: seen.text.index("The data and their quality")]
    for said in (
        "no network was trained on EDA: rtcan train --dataset pmemo",
        "simple models of EDA need its features first: rtcan eda-features",
        "no simple model was trained on EDA: rtcan train --dataset pmemo --model logistic,boosting",
        "no simple model was trained on music alone: rtcan train --dataset pmemo --model svm-music",
        "memory of people was not measured: rtcan train --dataset pmemo",
    ):
        assert said in answer


def test_simulated_numbers_stand_beside_none_of_the_paper(seen: Seen) -> None:
    assert ONLY_LAYOUT in seen.text
    assert PAPER not in seen.text
    heads = {head for table in seen.heads for head in table}
    assert {"acc. [%]", "majority"} <= heads
    assert not [head for head in heads if "paper" in head or head.endswith("diff.")]


@pytest.mark.usefixtures("undrawn")
def test_names_are_never_taken_for_markup(tmp_path: Path) -> None:
    runs = tmp_path / "stores" / "pmemo" / "runs"
    runs.mkdir(parents=True)
    finish_run(runs, HOSTILE, targets=("arousal",))
    _, seen = report(tmp_path / "stores", tmp_path)
    # Scores, comparison, Table 3 and its notes, where it comes from, the lines that train it.
    assert seen.text.count(HOSTILE) >= 5
    assert all((each["src"] or "").startswith("data:") for each in seen.all("img"))


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        ({"pmemo": True, "deap": False}, "SIMULATED DATA in part: PMEmo."),
        ({"pmemo": True, "deap": True}, ALL_SIMULATED),
        ({"pmemo": False, "deap": False}, ""),
        ({}, ""),
    ],
)
def test_what_is_simulated_is_named(marks: dict[str, bool], said: str) -> None:
    told = alarm(marks.items())
    assert told.startswith(said)
    assert bool(told) == bool(said)


@pytest.mark.usefixtures("undrawn")
def test_what_the_runs_do_not_share_is_said_in_it(tmp_path: Path) -> None:
    runs = tmp_path / "stores" / "pmemo" / "runs"
    runs.mkdir(parents=True)
    one = {"targets": ("arousal",)}
    finish_run(runs, "one", **one)
    finish_run(runs, "other", flipped=3, inputs={"labels": "else"}, **one)
    finish_run(runs, "third", seed=5, **one)
    _, seen = report(tmp_path / "stores", tmp_path)
    assert "were trained on different labels" in seen.text
    assert "have different folds" in seen.text
    assert "label 3 of their 120 common trials differently" in seen.text


@pytest.mark.usefixtures("undrawn")
def test_protocols_are_held_against_each_other(tmp_path: Path) -> None:
    runs = tmp_path / "stores" / "pmemo" / "runs"
    runs.mkdir(parents=True)
    for protocol in ("subject", "trial"):
        finish_run(runs, protocol, protocol=protocol, targets=("arousal",))
    told, seen = report(tmp_path / "stores", tmp_path)
    assert "Scores by protocol" in [text for _, text in seen.headings]
    assert "with subject and song known (protocol trial)" in seen.text
    assert "memory of people was not measured" not in seen.text
    assert not [note for note in told.notes if note.kind == "no_protocols"]


def test_a_workspace_without_anything_is_one_clear_line(tmp_path: Path) -> None:
    outcome = rtcan("report", "-w", tmp_path / "none", "-o", tmp_path / "r.html")
    assert outcome.exit_code == 1
    assert "nothing to report on" in outcome.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("undrawn")
def test_labels_alone_are_a_report_too(prepared: Path, tmp_path: Path) -> None:
    told, seen = report(prepared, tmp_path)
    titles = [text for _, text in seen.headings]
    assert any(text.startswith("Table 1") for text in titles)
    assert any(text.startswith("Fig. 3") for text in titles)
    assert "Table 3: no row has a number of your own" in [note.text for note in told.notes]
    (note,) = (note for note in told.notes if note.kind == "no_comparison")
    assert "there is no run to compare" in note.text
    assert (note.command or "").startswith("rtcan train")
    assert told.datasets["n_trials"].tolist() == [72]
    page = views.page(told)
    assert page.text == "PMEmo (simulated)\n  No model was asked yet."
    assert page.facts["sections"].startswith("The answer, The data and their quality, The paper's")
    assert "no model was trained on all of its folds yet: rtcan train --dataset pmemo" in "\n".join(
        page.notes
    )


@pytest.mark.usefixtures("undrawn")
def test_keys_are_the_same_for_simulated_and_real_data(tmp_path: Path) -> None:
    found = []
    for simulated in (True, False):
        root = tmp_path / str(simulated)
        runs = root / "pmemo" / "runs"
        runs.mkdir(parents=True)
        finish_run(runs, "run", simulated=simulated, targets=("arousal",))
        told = collect_report(Workspace(root), Workspace(root).runs(), root)
        found.append(as_data(told))
    assert list(found[0]) == list(found[1])
    for each, simulated in zip(found, (True, False), strict=True):
        assert json.loads(json.dumps(each, allow_nan=False)) == each
        assert each["runs"][0]["simulated"] is simulated
        assert each["runs"][0]["tables"] == "Table 3, Table 6"
        (part,) = (part for part in each["tables"] if part["table3"])
        (row,) = (row for row in part["table3"] if row["run"] == "run")
        assert row["simulated"] is simulated
        assert list(row) == list(SCORE_COLUMNS)
        assert (row["paper_accuracy"] is None) == simulated


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium on the PATH or in RTCAN_CHROMIUM")
    with Browser(program) as found:
        yield found


@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_shows_it_without_asking_anyone(
    browser: Browser, whole_report: Path, width: int
) -> None:
    browser.open(whole_report, width, 800)
    addresses = browser.requests()
    assert addresses[0] == whole_report.resolve().as_uri()
    assert all(address.startswith("data:") for address in addresses[1:])
    images = "Array.from(document.images)"
    assert browser.value(f"{images}.length") >= 5
    assert browser.value(f"{images}.every(each => each.complete && each.naturalWidth > 100)")
    assert browser.value("document.documentElement.scrollWidth") <= width
    # Pictures shrink; only tables may be wider than their place, and are pushed along in it.
    outside = browser.value(
        "Array.from(document.querySelectorAll("
        "'h1,h2,h3,p,li,code,img,figcaption,caption span,#answer table'))"
        f".filter(each => each.getBoundingClientRect().right > {width}"
        " && !each.closest('pre')).length"
    )
    assert outside == 0
    assert not [each for each in browser.events if each["method"] == "Log.entryAdded"]


def test_the_answer_is_the_first_page_in_print(
    browser: Browser, whole_report: Path, tmp_path: Path
) -> None:
    browser.open(whole_report, 1280, 800)
    browser.ask("Emulation.setEmulatedMedia", media="print")
    # As wide as what A4 leaves between its margins: 180 mm at 96 pixels an inch.
    browser.ask(
        "Emulation.setDeviceMetricsOverride",
        **{"width": 680, "height": 1000, "deviceScaleFactor": 1, "mobile": False},
    )
    assert browser.value("getComputedStyle(document.querySelector('nav')).display") == "none"
    widest = "Math.max(...Array.from(document.querySelectorAll('table'), t => t.offsetWidth))"
    assert browser.value(widest) <= 680
    assert browser.value("getComputedStyle(document.querySelector('footer')).breakAfter") == "page"
    browser.ask("Emulation.setEmulatedMedia", media="")
    browser.pdf(tmp_path / "whole.pdf")
    browser.value("document.querySelectorAll('section:not(#answer)').forEach(e => e.remove())")
    browser.pdf(tmp_path / "answer.pdf")
    assert n_pages(tmp_path / "answer.pdf") == 1
    assert n_pages(tmp_path / "whole.pdf") > 5


def n_pages(pdf: Path) -> int:
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF")
    return len(re.findall(rb"/Type\s*/Page\b", content))


def test_a_request_would_be_noticed(browser: Browser, whole_report: Path, tmp_path: Path) -> None:
    """What the tests above look for is there when something is wrong."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        '<!DOCTYPE html><html><body><img src="missing.png"><div style="width:900px">wide</div>'
    )
    browser.open(bad, 375, 800)
    assert any(address.endswith("missing.png") for address in browser.requests())
    assert not browser.value("document.images[0].naturalWidth > 100")
    assert browser.value("document.documentElement.scrollWidth") > 375
