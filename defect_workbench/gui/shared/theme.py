"""The light and dark themes, and icons in the colour of the text."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from defect_workbench.resources import resource

R = QPalette.ColorRole
_SYSTEM_SIZE = "systemPointSize"

_LIGHT = {
    R.Window: "#F3F4F6",
    R.WindowText: "#1B1F24",
    R.Base: "#FFFFFF",
    R.AlternateBase: "#F7F8FA",
    R.Text: "#1B1F24",
    R.PlaceholderText: "#6A737D",
    R.Button: "#FFFFFF",
    R.ButtonText: "#1B1F24",
    R.ToolTipBase: "#FFFFFF",
    R.ToolTipText: "#1B1F24",
    R.Highlight: "#1F6FEB",
    R.HighlightedText: "#FFFFFF",
    R.Link: "#0B5CD6",
    R.Mid: "#C9CED6",
    R.Midlight: "#E3E6EB",
    R.Light: "#FFFFFF",
    R.Dark: "#9AA3AF",
    R.Shadow: "#5B6470",
}
_DARK = {
    R.Window: "#1E2126",
    R.WindowText: "#E6E9ED",
    R.Base: "#15181C",
    R.AlternateBase: "#1B1F24",
    R.Text: "#E6E9ED",
    R.PlaceholderText: "#98A2AE",
    R.Button: "#2A2F36",
    R.ButtonText: "#E6E9ED",
    R.ToolTipBase: "#2A2F36",
    R.ToolTipText: "#E6E9ED",
    R.Highlight: "#3B82F6",
    R.HighlightedText: "#FFFFFF",
    R.Link: "#6CA8FF",
    R.Mid: "#434A54",
    R.Midlight: "#30363E",
    R.Light: "#3A4049",
    R.Dark: "#5B6470",
    R.Shadow: "#0B0D10",
}

_STYLE = """
QToolBar {{ border: 0; border-bottom: 1px solid {line}; padding: 3px 6px; spacing: 2px; }}
QToolBar::separator {{ width: 1px; background: {line}; margin: 5px 6px; }}
QToolButton {{ border: 1px solid transparent; border-radius: 5px; padding: 4px 7px; }}
QToolButton:hover:enabled {{ background: {hover}; }}
QToolButton:pressed, QToolButton:checked {{ background: {line}; }}
QToolButton:focus {{ border-color: {accent}; }}
QTabBar QToolButton {{ padding: 0; background: {button}; border-color: {line}; }}
QStatusBar {{ border-top: 1px solid {line}; }}
QStatusBar::item {{ border: 0; }}
QDockWidget {{ font-weight: 600; }}
QDockWidget::title {{ padding: 6px 10px; background: {window}; border-bottom: 1px solid {line}; }}
QPushButton {{ border: 1px solid {line}; border-radius: 6px; padding: 6px 14px; background: {button}; }}
QPushButton:hover {{ background: {hover}; }}
QPushButton:focus {{ border-color: {accent}; }}
QPushButton:checked {{ background: {line}; }}
QPushButton:disabled {{ color: {soft}; }}
QAbstractItemView {{ activate-on-singleclick: 0; }}
QPushButton#mapSource {{ text-align: left; padding: 6px 4px; }}
QPushButton#primary, QPushButton:default {{ background: {accent}; color: white; border-color: {accent}; }}
QLineEdit, QPlainTextEdit, QAbstractSpinBox, QComboBox {{
  border: 1px solid {edge}; border-radius: 4px; padding: 2px 4px; background: {field}; }}
QLineEdit:focus, QPlainTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {{ border-color: {accent}; }}
QAbstractSpinBox:disabled, QComboBox:disabled {{ color: {soft}; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: 0; padding: 0 2px; background: transparent; }}
QAbstractSpinBox {{ padding-right: 20px; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{
  subcontrol-origin: border; width: 20px; border: 0; border-left: 1px solid {edge}; }}
QAbstractSpinBox::up-button {{ subcontrol-position: top right; }}
QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; }}
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {hover}; }}
QAbstractSpinBox::up-arrow {{ image: url("{up}"); width: 9px; height: 9px; }}
QAbstractSpinBox::down-arrow {{ image: url("{down}"); width: 9px; height: 9px; }}
QComboBox {{ selection-background-color: {accent}; selection-color: white; }}
QComboBox::drop-down {{
  subcontrol-origin: border; subcontrol-position: center right; width: 22px; border: 0; }}
QComboBox::down-arrow {{ image: url("{down}"); width: 10px; height: 10px; }}
QMenu {{ background: {base}; border: 1px solid {edge}; padding: 4px 0; }}
QMenu::item {{ padding: 4px 26px 4px 14px; }}
QMenu::item:selected:enabled {{ background: {accent}; color: white; }}
QMenu::item:disabled {{ color: {soft}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 0; }}
QMenu::icon {{ left: 7px; }}
QMenu::right-arrow {{ image: url("{right}"); width: 10px; height: 10px; right: 8px; }}
QMenu::indicator {{
  width: 14px; height: 14px; left: 8px; border: 1px solid transparent; border-radius: 3px; }}
QMenu::indicator:non-exclusive {{ border-color: {soft}; }}
QMenu::indicator:non-exclusive:checked {{
  background: {accent}; border-color: {accent}; image: url("{check}"); }}
QMenu::indicator:exclusive:checked {{ image: url("{mark}"); }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {soft}; border-radius: 3px; }}
QCheckBox::indicator {{ background: {base}; }}
QCheckBox::indicator:checked {{ background: {accent}; border-color: {accent}; image: url("{check}"); }}
QCheckBox::indicator:indeterminate {{ background: {accent}; border-color: {accent}; image: url("{dash}"); }}
QCheckBox::indicator:disabled {{ border-color: {line}; }}
QPushButton#primary:disabled, QPushButton:default:disabled {{
  background: {line}; color: {soft}; border-color: {line}; }}
QFrame#weightsBanner {{ border: 0; border-bottom: 1px solid {line}; background: {warn}; }}
QFrame#notice {{ border: 1px solid {accent}; border-radius: 6px; background: {window}; }}
QFrame#notice[warning="true"] {{ border-color: {warn_text}; background: {warn}; }}
QFrame#watchProblem {{ border: 1px solid {warn_text}; border-radius: 6px; background: {warn}; }}
QFrame#weightsBanner QLabel, QFrame#notice[warning="true"] QLabel {{ color: {warn_text}; }}
QFrame#watchProblem QLabel {{ color: {warn_text}; }}
QLabel[error="true"] {{ color: {error}; }}
QProgressBar {{ border: 0; border-radius: 3px; background: {line}; max-height: 6px; }}
QProgressBar::chunk {{ border-radius: 3px; background: {accent}; }}
QToolTip {{ border: 1px solid {line}; padding: 4px 6px; }}
QMainWindow::separator {{ background: {line}; width: 1px; height: 1px; }}
QMainWindow::separator:hover {{ background: {accent}; }}
"""


def is_dark(theme: str) -> bool:
    """Whether a theme is dark; "system" follows the desktop."""
    if theme in ("light", "dark"):
        return theme == "dark"
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def apply_theme(application: QApplication, theme: str) -> None:
    """Apply a theme to the application."""
    dark = is_dark(theme)
    colours = _DARK if dark else _LIGHT
    shade = "dark" if dark else "light"
    palette = QPalette()
    for role, value in colours.items():
        palette.setColor(role, QColor(value))
    for role in (R.WindowText, R.Text, R.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours[R.Dark]))
    application.setPalette(palette)
    application.setStyleSheet(
        _STYLE.format(
            line=colours[R.Mid] if dark else colours[R.Midlight],
            hover=colours[R.Midlight],
            accent=colours[R.Highlight],
            window=colours[R.Window],
            button=colours[R.Button],
            soft=colours[R.Dark],
            base=colours[R.Base],
            # On a dark page, a field of the colour of the page could not be seen.
            field="#252A31" if dark else colours[R.Base],
            edge=colours[R.Mid],
            **{name: _icon_file(f"{name}-{shade}") for name in ("up", "down", "right")},
            mark=_icon_file(f"check-{shade}"),
            check=_icon_file("check-white"),
            dash=_icon_file("dash-white"),
            error="#FF9C8F" if dark else "#B3261E",
            warn="#453710" if dark else "#FFF4D6",
            warn_text="#FFE9AD" if dark else "#5B4300",
        )
    )


def _icon_file(name: str) -> str:
    return resource("icons", f"{name}.svg").as_posix()


def apply_text_size(application: QApplication, percent: int) -> None:
    """Set the text size, in percent of the size of the system."""
    kept = application.property(_SYSTEM_SIZE)
    if kept is None:
        kept = application.font().pointSizeF()
        application.setProperty(_SYSTEM_SIZE, kept)
    font = application.font()
    font.setPointSizeF(float(kept) * percent / 100)
    application.setFont(font)
    for widget in application.allWidgets():
        widget.updateGeometry()


def icon(name: str, palette: QPalette) -> QIcon:
    """Return an icon of resources/icons in the palette's text colour, sharp on any screen."""
    result = QIcon()
    for mode, group in (
        (QIcon.Mode.Normal, QPalette.ColorGroup.Active),
        (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled),
    ):
        for side in (18, 36, 54):
            result.addPixmap(_icon_pixmap(name, side, palette.color(group, R.ButtonText)), mode)
    return result


def _icon_pixmap(name: str, side: int, colour: QColor) -> QPixmap:
    key = f"{name} {side} {colour.rgba()}"
    pixmap = QPixmap()
    if QPixmapCache.find(key, pixmap):
        return pixmap
    pixmap = QPixmap(QSize(side, side))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(str(resource("icons", f"{name}.svg"))).render(painter)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(pixmap.rect(), colour)
    painter.end()
    QPixmapCache.insert(key, pixmap)
    return pixmap
