"""The program's own settings: kept whole, and never in the way of a start."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from graftwork.settings import SETTINGS_VERSION, Settings, load_settings, save_settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


def test_a_missing_file_gives_defaults_without_a_word(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert load_settings(file) == Settings()
    assert not caplog.records


def test_what_is_saved_is_read_again(file: Path) -> None:
    settings = Settings(theme="dark", last_folder=Path("/data/été"), window_geometry="AAEC")
    save_settings(settings, file)
    assert load_settings(file) == settings
    assert json.loads(file.read_text("utf-8"))["version"] == SETTINGS_VERSION


def test_saving_replaces_the_file_and_leaves_nothing_beside_it(file: Path) -> None:
    save_settings(Settings(theme="dark"), file)
    save_settings(Settings(theme="light"), file)
    assert load_settings(file).theme == "light"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("key", "value"),
    [("theme", "purple"), ("window_geometry", 7), ("colour", "red"), ("version", 99)],
)
def test_a_bad_key_warns_and_the_others_are_kept(
    file: Path, caplog: pytest.LogCaptureFixture, key: str, value: object
) -> None:
    file.write_text(json.dumps({"last_folder": "/data", key: value}), "utf-8")
    with caplog.at_level(logging.WARNING):
        settings = load_settings(file)
    assert settings == Settings(last_folder=Path("/data"))
    assert repr(key) in caplog.text
    assert str(file) in caplog.text


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '"dark"', "\x00\x01"])
def test_a_file_that_is_no_settings_warns_and_gives_defaults(
    file: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    file.write_text(text, "utf-8")
    with caplog.at_level(logging.WARNING):
        assert load_settings(file) == Settings()
    assert str(file) in caplog.text


def test_bytes_that_are_no_text_warn_and_give_defaults(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_bytes(b"\xff\xfe\xfa")
    assert load_settings(file) == Settings()
    assert "left aside" in caplog.text


def test_a_wrong_choice_is_refused_where_it_is_made() -> None:
    settings = Settings()
    with pytest.raises(ValueError, match="system, light, dark"):
        settings.theme = "purple"  # type: ignore[assignment]
