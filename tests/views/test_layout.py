"""Tables at any width: every word and every number is there, and whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtcan_cli.views.cells import column_texts
from rtcan_cli.views.layout import fact_lines, table_lines, wrapped
from rtcan_cli.views.parts import Table

words = st.text("abcdefghijklmnopqrstuvwxyz-_+[]%", min_size=1, max_size=25)
texts = st.lists(words, min_size=1, max_size=4).map(" ".join)
numbers = st.one_of(
    st.none(), st.integers(-(10**6), 10**6), st.floats(-1e4, 1e4, allow_subnormal=False)
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    n_texts, n_numbers = draw(st.integers(0, 3)), draw(st.integers(0, 9))
    n_columns = max(n_texts + n_numbers, 1)
    heads = draw(st.lists(texts, min_size=n_columns, max_size=n_columns, unique=True))
    row = st.tuples(*[texts] * max(n_texts, n_columns - n_numbers), *[numbers] * n_numbers)
    return Table("title", heads, draw(st.lists(row, min_size=0, max_size=5)))


@given(tables(), st.integers(20, 130))
def test_no_word_is_split_and_none_is_missing(table: Table, width: int) -> None:
    lines = table_lines(table, width)
    shown = " ".join(lines).replace(",", " ").replace(":", " ").split()
    for head in table.columns:
        assert set(head.replace(",", " ").split()) <= set(shown)
    for cells, _ in column_texts(table):
        for cell in cells:
            assert set(cell.replace(",", " ").split()) <= set(shown)


@given(tables(), st.integers(60, 130))
def test_no_line_is_longer_than_the_terminal(table: Table, width: int) -> None:
    # Only a word that is wider than what the numbers of the rows leave of a line may be.
    longest = max(
        [len(word) for head in table.columns for word in head.split()]
        + [len(word) for cells, _ in column_texts(table) for cell in cells for word in cell.split()]
    )
    if longest <= width - 6:
        assert all(len(line) <= width for line in table_lines(table, width))


def test_what_does_not_fit_follows_below_with_the_names_of_its_rows() -> None:
    table = Table("", ["run", "accuracy [%]", "F1 [%]"], [["Rf-eda", 71.25, 70.5]])
    assert table_lines(table, 40) == [
        "run     accuracy [%]  F1 [%]",
        "────────────────────────────",
        "Rf-eda          71.2    70.5",
    ]
    assert table_lines(table, 18) == [
        "        accuracy",
        "run          [%]",
        "────────────────",
        "Rf-eda      71.2",
        "",
        "run     F1 [%]",
        "──────────────",
        "Rf-eda    70.5",
    ]


def test_long_names_become_numbers_with_a_legend() -> None:
    names = ["Rf-eda+music-both-6cefec", "Rb-eda+music-both-0cf984"]
    table = Table("", ["run", "accuracy [%]"], [[names[0], 71.25], [names[1], 66.5]])
    assert table_lines(table, 30) == [
        "   accuracy [%]",
        "───────────────",
        "1          71.2",
        "2          66.5",
        "run:",
        "1: Rf-eda+music-both-6cefec",
        "2: Rb-eda+music-both-0cf984",
    ]


def test_facts_continue_below_their_beginning() -> None:
    facts = {"run": "a", "protocol": "unseen subjects, five folds"}
    assert fact_lines(facts, 28) == [
        "run       a",
        "protocol  unseen subjects,",
        "          five folds",
    ]


@given(texts, st.integers(5, 40))
def test_text_is_broken_at_spaces_only(text: str, width: int) -> None:
    assert " ".join(wrapped(text, width)).split() == text.split()
