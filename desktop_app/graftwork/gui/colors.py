"""The colours of the window, light and dark: one accent, and grey for the rest."""

from __future__ import annotations

from dataclasses import dataclass, fields

from PySide6.QtGui import QColor, QGuiApplication, QPalette


@dataclass(frozen=True, kw_only=True)
class Colors:
    """Every colour that the window uses, as ``#rrggbb``; ``series`` are those of curves.

    What can be filled in is known by its edge alone: ``field_border`` has a contrast of 3 to 1 to
    what is around it, as WCAG 1.4.11 asks.
    """

    window: str
    surface: str
    sunken: str
    border: str
    strong_border: str
    field_border: str
    text: str
    muted: str
    accent: str
    accent_hover: str
    accent_soft: str
    on_accent: str
    warning: str
    warning_soft: str
    danger: str
    danger_soft: str
    series: tuple[str, ...]

    def tokens(self) -> dict[str, str]:
        """The colours by name, for the style sheet."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "series"}


LIGHT = Colors(
    window="#f4f6f6",
    surface="#ffffff",
    sunken="#eef1f1",
    border="#dfe4e4",
    strong_border="#b9c2c2",
    field_border="#7f8b89",
    text="#17211f",
    muted="#586663",
    accent="#0f766e",
    accent_hover="#0b625b",
    accent_soft="#dcf1ec",
    on_accent="#ffffff",
    warning="#8a5a00",
    warning_soft="#fdf3dc",
    danger="#b3261e",
    danger_soft="#fbe9e7",
    series=("#0f766e", "#d9730d", "#4263c9", "#b0309a", "#5b8c00", "#8a6d3b", "#c2334d", "#00819e"),
)

DARK = Colors(
    window="#141918",
    surface="#1d2423",
    sunken="#171d1c",
    border="#2d3735",
    strong_border="#4a5855",
    field_border="#6b7a77",
    text="#e8eeec",
    muted="#9eadaa",
    accent="#3fc1a9",
    accent_hover="#5bd3bd",
    accent_soft="#1c3d38",
    on_accent="#06231f",
    warning="#f0bd5d",
    warning_soft="#3a2f17",
    danger="#ff8f85",
    danger_soft="#43211e",
    series=("#3fc1a9", "#f59e4c", "#8aa4ff", "#e58ad6", "#a8d65c", "#d1b27c", "#ff8a9c", "#5cc8e6"),
)

_ROLES = {
    QPalette.ColorRole.Window: "window",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "surface",
    QPalette.ColorRole.AlternateBase: "sunken",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.PlaceholderText: "muted",
    QPalette.ColorRole.Button: "surface",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.BrightText: "danger",
    QPalette.ColorRole.ToolTipBase: "surface",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.Highlight: "accent",
    QPalette.ColorRole.HighlightedText: "on_accent",
    QPalette.ColorRole.Accent: "accent",
    QPalette.ColorRole.Link: "accent",
    QPalette.ColorRole.LinkVisited: "accent",
    QPalette.ColorRole.Light: "surface",
    QPalette.ColorRole.Midlight: "border",
    QPalette.ColorRole.Mid: "strong_border",
    QPalette.ColorRole.Dark: "strong_border",
    QPalette.ColorRole.Shadow: "border",
}
_FADED_WHEN_DISABLED = (
    QPalette.ColorRole.WindowText,
    QPalette.ColorRole.Text,
    QPalette.ColorRole.ButtonText,
)


def palette_of(colors: Colors) -> QPalette:
    """The Qt palette that these colours make."""
    palette = QPalette()
    for role, name in _ROLES.items():
        palette.setColor(role, QColor(getattr(colors, name)))
    for role in _FADED_WHEN_DISABLED:
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colors.strong_border))
    return palette


def current_colors() -> Colors:
    """The colours that the application wears now, for what paints itself.

    A widget's own palette does not tell: style sheets change it.
    """
    window = QGuiApplication.palette().color(QPalette.ColorRole.Window)
    return DARK if window.lightness() < 128 else LIGHT
