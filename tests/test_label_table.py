from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcan_cli.errors import RtcanError
from rtcan_cli.label_table import match_labels, read_label_table

TRIALS = pd.DataFrame(
    [("100184", "1"), ("100184", "2"), ("200001", "2"), ("P7", "clip a"), ("0042", "2")],
    columns=["subject", "stimulus"],
)


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "value_all.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def labels_of(path: Path, trials: pd.DataFrame = TRIALS) -> dict[tuple[str, str], tuple[int, int]]:
    """Valence and arousal labels by trial."""
    found = match_labels(read_label_table(path), trials, path).labels
    return {(s, m): (v, a) for s, m, _, _, v, a in found.itertuples(index=False)}


@pytest.mark.parametrize(
    "content",
    [
        "100184,1,0,1\n100184,2,1,0\n",  # arousal comes before valence
        "subject_id,music_id,arousal,valence\n100184,1,0,1\n100184,2,1,0\n",
        "\ufeffsubject_id,music_id,arousal_label,valence_label\r\n100184,1,0,1\r\n100184,2,1,0\r\n",
        "valence,arousal,song,Subject\n1,0,1,100184\n0,1,2,100184\n",
        "0,1,2,3\n100184,1,0,1\n100184,2,1,0\n",
        ",0,1,2,3\n0,100184,1,0,1\n1,100184,2,1,0\n",
        ",subject_id,music_id,arousal,valence\n0,100184,1,0,1\n1,100184,2,1,0\n",
        "100184.0,1.0,0.0,1.0\n100184.0,2.0,1.0,0.0\n",
        "100184;1;0;1\n100184;2;1;0\n",
        "100184\t1\t0\t1\n\n100184\t2\t1\t0\n\n",
        '"100184","1","0","1"\n"100184", 2 , 1 ,0\n',
        "100184,1,0,1\n100184,2,1,0\n100184,1,0,1\n",  # once more, but the same
        "subject,music_id,arousal,arousal label,valence,valence label,note\n"
        "100184,1,0.9,0,0.1,1,x\n100184,2,0.1,1,0.9,0,\n",
    ],
)
def test_all_shapes_of_the_table_are_read(tmp_path: Path, content: str) -> None:
    labels = labels_of(written(tmp_path, content))
    assert list(labels) == list(TRIALS.itertuples(index=False, name=None))
    assert [*labels.values()] == [(1, 0), (0, 1), (-1, -1), (-1, -1), (-1, -1)]


def test_names_are_compared_as_text(tmp_path: Path) -> None:
    path = written(tmp_path, "P7,clip a,1,1\n42,2,1,1\n0042,2,0,0\n200001,02,1,1\n")
    matched = match_labels(read_label_table(path), TRIALS, path)
    assert (matched.n_used, matched.n_foreign, matched.n_unlabelled) == (2, 2, 3)
    assert matched.labels["valence"].tolist() == [-1, -1, -1, 1, 0]


def test_a_decimal_name_is_itself_where_a_trial_has_it(tmp_path: Path) -> None:
    trials = pd.DataFrame({"subject": ["1", "1.0"], "stimulus": ["a", "a"]})
    labels = labels_of(written(tmp_path, "1,a,0,0\n1.0,a,1,1\n"), trials)
    assert labels == {("1", "a"): (0, 0), ("1.0", "a"): (1, 1)}


def test_empty_cells_are_no_labels(tmp_path: Path) -> None:
    labels = labels_of(written(tmp_path, "100184,1,,1\n100184,2,nan,NaN\n"))
    assert labels["100184", "1"] == (1, -1)
    assert labels["100184", "2"] == (-1, -1)


@given(st.permutations(range(5)), st.lists(st.sampled_from([-1, 0, 1]), min_size=10, max_size=10))
def test_the_order_of_rows_does_not_matter(order: list[int], classes: list[int]) -> None:
    rows = TRIALS.assign(line=range(5), valence=classes[:5], arousal=classes[5:])
    table = rows.iloc[order][["line", "subject", "stimulus", "valence", "arousal"]]
    labels = match_labels(table, TRIALS, "x.csv").labels
    pd.testing.assert_frame_equal(
        labels.astype({"valence": int, "arousal": int}).drop(columns=["repetition", "song"]),
        rows[["subject", "stimulus", "valence", "arousal"]],
    )
    assert labels["valence"].dtype == np.int64


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("subject_id,music_id,arousal,valence\n", "holds no labels"),
        ("100184,1,0,1\n100184,2,2,0\n", "line 2: the arousal label is '2', not 0 or 1"),
        ("100184,1,0,1\n100184,2,1,0.5\n", r"line 2: the valence label is '0\.5', not 0 or 1"),
        ("100184,1,0.375,0.5\n", r"line 1: the valence label is '0\.5', not 0 or 1"),
        ("100184,1,high,low\n", "line 1: the valence label is 'low', not 0 or 1"),
        ("100184,1,0,1\n100184,2,1\n", "line 2 has 3 columns instead of 4"),
        ("100184,1,0\n", "has 3 columns, and no header that names them"),
        ("7,100184,1,0,1\n", "has 5 columns, and no header"),
        ("100184,1,0,1\n\n100184,1,0,0\n", "lines 1 and 3 disagree on subject 100184, stimulus 1"),
        ("100184,1,0,1\n100184.0,1,0,0\n", "lines 1 and 2 disagree"),
        (",1,0,1\n", "line 1 names no subject or no stimulus"),
        ("id,music,arousal,valence\n1,1,1,1\n", "no column names the subject in its header: id"),
        ("subject,music,song,arousal,valence\n", "more than one column names the stimulus"),
        ("subject,song,arousal,A_arousal,valence\n1,1,1,1,1\n", "more than one .* the arousal"),
        ("1,100184,0,1\n", "none of its 1 rows is a trial: its subjects are 1, those of the rec"),
        ("100184,1,\xe9,1\n".encode("latin1"), "is not UTF-8 text"),
        ("100184,1,0,1\n".encode("utf-16"), "is not UTF-8 text"),
        ('100184,1,0,"1' + "1" * 200_000, "is not a table of labels: line 1: field larger"),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(RtcanError, match=message) as caught:
        labels_of(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match=r"gone\.csv cannot be read: No such file"):
        read_label_table(tmp_path / "gone.csv")
