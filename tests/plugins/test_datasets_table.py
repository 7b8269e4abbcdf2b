from __future__ import annotations

import unicodedata
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Any, Literal

import pytest

from graftwork.plugin_api import Catalog, DatasetError
from graftwork_datasets.table import TABLE, read_table_of_images
from graftwork_datasets.table_options import TableOptions
from graftwork_datasets.table_text import read_beginning


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png", "c.png", "ü.png"):
        (tmp_path / name).touch()
    return tmp_path


def read(folder: Path, text: str | bytes, *, name: str = "table.csv", **options: Any) -> Catalog:
    table = folder / name
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table_of_images(table, TableOptions(**options))


def facts(catalog: Catalog) -> list[tuple[str, str]]:
    return [(item.path.name, item.label) for item in catalog.items]


PLAIN = [("a.png", "cat"), ("b.png", "dog")]


@pytest.mark.parametrize(
    "text",
    [
        "path,label\na.png,cat\nb.png,dog\n",
        "file\tclass\nb.png\tdog\na.png\tcat\n",
        "Species;Image\ncat;a.png\ndog;b.png\n",
        "filename category\na.png cat\n\nb.png   dog\n",
        '"path","label"\r\n"a.png","cat"\r\n"b.png", "dog"\r\n',
    ],
)
def test_usual_tables_need_no_telling(folder: Path, text: str) -> None:
    catalog = read(folder, text)
    assert facts(catalog) == PLAIN
    assert catalog.classes == ("cat", "dog")
    assert catalog.problems == ()
    assert catalog.root == folder


@pytest.mark.parametrize(("form", "other"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_may_be_of_another_system(
    tmp_path: Path, form: Literal["NFC", "NFD"], other: Literal["NFC", "NFD"]
) -> None:
    names = [unicodedata.normalize(form, name) for name in ("ä/é.png", "ä/ü.png")]
    (tmp_path / names[0]).parent.mkdir()
    for name in names:
        (tmp_path / name).touch()
    text = unicodedata.normalize(other, f"path,label\n{names[0]},cat\n{names[1]},dog\n")
    catalog = read(tmp_path, text)
    assert [item.path for item in catalog.items] == [tmp_path / name for name in names]


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\f", "\v", "\x85", "\x1c"])
def test_a_separator_within_a_cell_ends_no_row(folder: Path, mark: str) -> None:
    text = f"path,label,note\r\na.png,cat,of{mark}two\rb.png,dog,\nc.png,cat,\n"
    assert facts(read(folder, text)) == [*PLAIN, ("c.png", "cat")]
    assert [row.line for row in read_beginning(folder / "table.csv").rows] == [2, 3, 4]


def test_a_table_without_header_is_told_its_label_column(folder: Path) -> None:
    text = "1,a.png,cat\n2,b.png,dog\n"
    assert facts(read(folder, text, label_column=3)) == PLAIN
    with pytest.raises(DatasetError, match=r"holds the class.* 1: 1, 2: a.png, 3: cat") as refused:
        read(folder, text)
    assert "Set the label column (label_column) to a name or a number." in str(refused.value)


def test_elpvs_own_table(folder: Path) -> None:
    rows = ["a.png 0.0 mono", "b.png  1.0   poly", "c.png  0.3333333333333333   mono"]
    labels = {"0.0": "functional", "1.0": "defective"}
    text = "\n".join(rows)
    catalog = read(folder, text, path_column=1, label_column=2, labels=labels)
    assert facts(catalog) == [("a.png", "functional"), ("b.png", "defective")]
    assert catalog.items[0].metadata == {"3": "mono"}
    (problem,) = catalog.problems
    assert problem.path == folder / "table.csv"
    assert problem.reason.startswith("1 rows are left out")
    assert "'0.3333333333333333' (1)" in problem.reason


def test_columns_by_name_whatever_the_case(folder: Path) -> None:
    text = "ID,Photo,Kind,Film\n1,a.png,cat,f1\n2,b.png,dog,\n"
    catalog = read(folder, text, path_column="photo", label_column="KIND", group_column="film")
    assert facts(catalog) == PLAIN
    assert [item.group for item in catalog.items] == ["f1", None]
    assert catalog.items[0].metadata == {"ID": "1", "Film": "f1"}


@pytest.mark.parametrize("wanted", ["colour", "0", "3", "-1"])
def test_a_column_that_is_not_there_is_said_with_those_that_are(folder: Path, wanted: str) -> None:
    with pytest.raises(DatasetError, match=f"no column '{wanted}'.* 1: path, 2: label"):
        read(folder, "path,label\na.png,cat\nb.png,dog\n", label_column=wanted)


def test_parts_are_read_in_any_case(folder: Path) -> None:
    text = "path,label,split\na.png,cat,Train\nb.png,dog,VAL\nc.png,dog,\nü.png,cat,holdout\n"
    catalog = read(folder, text)
    assert [item.part for item in catalog.items] == ["train", "validation", None]
    assert catalog.problems[0].reason.startswith("line 5 of table.csv: 'holdout' is no part")


def test_a_column_of_other_words_is_not_taken_for_parts_and_said(folder: Path) -> None:
    text = "path,label,part\na.png,cat,wing\nb.png,dog,leg\nc.png,dog,\n"
    catalog = read(folder, text)
    assert [item.part for item in catalog.items] == [None, None, None]
    assert catalog.items[0].metadata == {"part": "wing"}
    assert catalog.problems == ()
    assert catalog.notes == (
        "Column 'part' holds 'leg', 'wing', so the images are split at random. "
        "If it is the split, use the words train, val and test.",
    )
    with pytest.raises(DatasetError, match="'wing' is no part"):
        read(folder, text, part_column="part")


def test_an_empty_column_of_parts_is_no_problem(folder: Path) -> None:
    catalog = read(folder, "path,label,part\na.png,cat,\nb.png,dog,\n")
    assert catalog.problems == ()
    assert catalog.notes == ()


def test_faulty_rows_are_problems_with_their_line(folder: Path) -> None:
    rows = ("path,label", "a.png,cat", "gone.png,cat", "b.png,dog", "c.png,", ",dog", "c.png")
    text = "\n".join((*rows, "a.png,cat", "b.png,cat"))
    catalog = read(folder, text)
    assert facts(catalog) == PLAIN
    assert [problem.reason.removeprefix("line ") for problem in catalog.problems] == [
        "3 of table.csv: the file is not there",
        "5 of table.csv: it names no class",
        "6 of table.csv: it names no image",
        "7 of table.csv: it names no class",
        "8 of table.csv: the image is named before",
        "9 of table.csv: the image is named before as 'dog'",
    ]
    assert catalog.problems[0].path == folder / "gone.png"


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        (
            "path,label,part\na.png,cat,north\nb.png,dog,south\n",
            {"part_column": "part"},
            "column 'part' holds other words than train, val and test",
        ),
        ("path,label\nx.png,cat\ny.png,dog\n", {}, "none of the files that column 'path' names"),
        ("1,a.png,\n2,b.png,\n", {"label_column": "3"}, "column 3 names no class"),
        ("path,label\n,cat\n,dog\n", {}, "column 'path' names no image"),
        (
            "path,label\na.png,0\nb.png,1\n",
            {"labels": {"2": "cat"}},
            "column 'label' holds none of the labels that are asked for ('2')",
        ),
    ],
)
def test_a_fault_of_all_rows_is_said_first(
    folder: Path, text: str, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DatasetError) as refused:
        read(folder, text, **options)
    assert str(refused.value).startswith(f"No row of {folder / 'table.csv'} can be used: {reason}")
    assert ("start from" in str(refused.value)) == ("files" in reason)


def test_rows_of_different_faults_have_none_that_is_said_first(folder: Path) -> None:
    with pytest.raises(DatasetError, match=r"no image that is there.*\n.*no part.*\n.*not there"):
        read(folder, "path,label,part\na.png,cat,x\ngone.png,dog,train\n")


def test_a_root_that_is_not_absolute_starts_at_the_table(folder: Path) -> None:
    table = folder / "tables"
    table.mkdir()
    catalog = read(table, "path,label\na.png,cat\nb.png,dog\n", root="..")
    assert facts(catalog) == PLAIN
    assert catalog.root.samefile(folder)
    assert catalog.problems == ()


def test_paths_start_from_the_root_that_is_told(folder: Path) -> None:
    table = folder / "tables"
    table.mkdir()
    text = f"path,label\na.png,cat\n{folder / 'b.png'},dog\n"
    catalog = read(table, text, root=folder)
    assert facts(catalog) == PLAIN
    assert catalog.root == folder
    with pytest.raises(DatasetError, match=r"one class only.*check.*\n.*line 2.*not there"):
        read(table, text)


def test_paths_written_on_windows(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "d.png").touch()
    assert facts(read(folder, "path,label\nsub\\d.png,cat\nb.png,dog\n"))[1] == ("d.png", "cat")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encodings(folder: Path, encoding: str) -> None:
    catalog = read(folder, "path,label\nü.png,Küken\na.png,cat\n".encode(encoding))
    assert facts(catalog) == [("a.png", "cat"), ("ü.png", "Küken")]


def test_unicode_text_of_excel(folder: Path) -> None:
    text = "path\tlabel\r\na.png\tcat\r\nb.png\tdog\r\n"
    for content in (
        BOM_UTF16_LE + text.encode("utf-16-le"),
        BOM_UTF16_BE + text.encode("utf-16-be"),
    ):
        assert facts(read(folder, content, name="table.txt")) == PLAIN


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04\x14\x00\x06\x00", b"\xff\xfea", "path,label".encode("utf-32")]
)
def test_what_is_no_text_is_refused(folder: Path, content: bytes) -> None:
    with pytest.raises(DatasetError, match=r"is not a text table.*save .* as CSV"):
        read(folder, content)


@pytest.mark.parametrize("text", ["", "\n\n", "path,label\n"])
def test_a_table_without_rows_is_refused(folder: Path, text: str) -> None:
    with pytest.raises(DatasetError, match="holds no rows"):
        read(folder, text)


def test_a_table_that_names_one_class_is_refused(folder: Path) -> None:
    with pytest.raises(DatasetError, match="one class only"):
        read(folder, "path,label\na.png,cat\nb.png,cat\n")


def test_an_unclear_delimiter_can_be_told(folder: Path) -> None:
    text = "path|label\na.png|cat\n"
    with pytest.raises(DatasetError, match="set the delimiter"):
        read(folder, text)
    mixed = "a.png,with,commas;cat\nb.png;dog\n"
    (folder / "a.png,with,commas").touch()
    told = read(folder, mixed, delimiter="semicolon", header="no", path_column=1, label_column=2)
    assert [item.label for item in told.items] == ["cat", "dog"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_rows_that_miss_their_last_cells_leave_the_delimiter_clear(
    folder: Path, delimiter: str
) -> None:
    rows = (
        "path label part group",
        "a.png cat",
        "b.png dog train",
        "c.png dog test g1",
        "ü.png cat",
    )
    catalog = read(folder, "\n".join(rows).replace(" ", delimiter))
    assert [item.part for item in catalog.items] == [None, "train", "test", None]


def test_a_quote_that_is_not_closed_is_a_fault_of_its_row_alone(folder: Path) -> None:
    rows = ("path,label", "a.png,cat", "b.png,dog", 'c.png,"dog', "ü.png,cat", *["d.png,cat"] * 9)
    catalog = read(folder, "\n".join(rows))
    assert facts(catalog) == PLAIN
    assert [problem.reason for problem in catalog.problems] == [
        "line 14 of table.csv: its class goes over several lines; is a quote not closed?"
    ]


def test_a_cell_of_several_lines_that_is_not_used_is_no_fault(folder: Path) -> None:
    rows = ("path,label,remark", 'a.png,cat,"one\ntwo\nthree"', 'b.png,dog,"four\nfive\nsix"')
    catalog = read(folder, "\n".join(rows))
    assert facts(catalog) == PLAIN
    assert catalog.items[0].metadata == {"remark": "one\ntwo\nthree"}


def test_a_table_of_empty_cells_is_refused(folder: Path) -> None:
    with pytest.raises(DatasetError, match="set the delimiter"):
        read(folder, ",,\n,,\n")


def test_lines_of_words_leave_the_delimiter_unclear(folder: Path) -> None:
    with pytest.raises(DatasetError, match="set the delimiter"):
        read(folder, "image file|class of it\nmy a.png|cat\nb.png|dog\nmy own c.png|dog\n")


def test_a_header_can_be_told_where_it_names_an_image(folder: Path) -> None:
    text = "photo.png,label\na.png,cat\nb.png,dog\n"
    catalog = read(folder, text, header="yes", path_column=1)
    assert facts(catalog) == PLAIN


def test_tables_are_recognised(folder: Path) -> None:
    for name in ("t.csv", "t.TSV", "t.txt"):
        (folder / name).touch()
        assert TABLE.recognises(folder / name)
    assert not TABLE.recognises(folder)
    assert not TABLE.recognises(folder / "a.png")
    assert not TABLE.recognises(folder / "gone.csv")


def test_a_table_that_is_gone_is_refused(folder: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_table_of_images(folder / "gone.csv", TableOptions())


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (b"file,species\na.png,cat\nb.png,dog\n", ["file", "species"]),
        (b"file,,species\na.png,1,cat\nb.png,2,dog\n", ["file", "species"]),
        (b"a.png cat 1\nb.png dog 2\n", ["1", "2", "3"]),
        (BOM_UTF16_LE + "Datei\tTürkis\na.png\tja\nb.png\tnein\n".encode("utf-16-le"),
         ["Datei", "Türkis"]),
        # The beginning that is read ends in the middle of a character.
        ("id,tür\n".encode() + "ü.png,cat\n".encode() * 9999, ["id", "tür"]),
    ],
)  # fmt: skip
def test_its_columns_are_offered(tmp_path: Path, content: bytes, columns: list[str]) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes(content)
    assert TABLE.offers
    offered = TABLE.offers(table)
    assert set(offered) == {"path_column", "label_column", "part_column", "group_column"}
    assert all(list(names) == columns for names in offered.values())
