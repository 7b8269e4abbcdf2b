"""What the command line shows of names that hold anything, and of what repeats itself."""

from __future__ import annotations

import json

import pytest

from graftwork.cli.console import messages, print_table, results, shown
from support.command_line import TINY


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("two\nlines", r"two\nlines"),
        ("red\x1b[31m", r"red\x1b[31m"),
        ("tab\tbell\x07", r"tab\tbell\x07"),
        ("next\x85line\u2028", r"next\x85line\u2028"),
        ("turned\u202egnp", r"turned\u202egnp"),
        ("byte\udcff", r"byte\udcff"),
        ("Käfer 甲虫 🪲", "Käfer 甲虫 🪲"),
    ],
)
def test_a_name_has_no_control_characters(name, expected):
    assert shown(name) == expected


def test_a_name_of_two_lines_makes_one_row(capsys):
    print_table(("Class", "Images"), [("two\nlines", "3"), ("a\nb", "4")])
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_names_are_no_codes_for_pictures(capsys):
    print_table(("Class", "Images"), [(":bug:", "3")])
    results.print(shown(":bug:"))
    messages.print(shown(":bug:"))
    written = capsys.readouterr()
    assert (written.out + written.err).count(":bug:") == 3


def test_left_out_files_and_their_classes_are_one_line_each(call, images, tmp_path):
    odd = (images / "red").rename(images / "two\nlines")
    (odd / "bad\n.png").write_bytes(b"")
    outcome = call("train", images, *TINY)
    assert outcome.code == 0, outcome.err
    assert r"two\nlines/bad\n.png" in outcome.err
    assert r"two\nlines  " in outcome.out


def test_five_left_out_files_are_named_and_the_others_counted(call, images):
    for number in range(40):
        (images / "red" / f"bad{number:02}.png").write_bytes(b"")
    outcome = call("train", images, *TINY)
    assert outcome.err.count("Left out:") == 5
    assert "and 35 more: see events.jsonl in the run's folder" in outcome.err
    measured = call("evaluate", "last", images)
    assert measured.err.count("Left out:") == 5
    assert "and 35 more: all are listed with --json" in measured.err
    told = call("evaluate", "last", images, "--json").out
    documents = [json.loads(line) for line in told.splitlines()]
    assert sum(document["kind"] == "problem-found" for document in documents) == 40
    predicted = call("predict", "last", images)
    assert predicted.code == 3
    assert predicted.err.count("Left out:") == 5
    assert "and 35 more: all are in the table" in predicted.err
