"""The class library: a list of classes, and a form of the selected one that is saved as it is filled in."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.core.project.class_library import KEYS, ClassFields, ClassLibrary, KnownClass
from defect_workbench.core.project.palette import COLOURS
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.shared.labels import secondary_label

_SWATCH = 14
_EXAMPLE_SIDE = 72
_EMPTY = (
    "There are no classes yet.\n\nA cluster that you name and confirm becomes a class. It then has the same "
    "name, key and colour in every later lot. You can also import the classes of your team."
)


class Library(Protocol):
    """What the dialog shows and changes."""

    @property
    def library(self) -> ClassLibrary:
        """The classes."""

    def change(self, change: Callable[[ClassLibrary], ClassLibrary]) -> str:
        """Change the library; return why it cannot be done, or an empty text."""

    def change_class(self, known: KnownClass, fields: ClassFields) -> str:
        """Change fields of a class, its name as well; return why it cannot be done, or an empty text."""

    def import_file(self, path: Path) -> str:
        """Merge the classes of a file into the library; return the outcome."""

    def export_file(self, path: Path) -> str:
        """Write the library to a file; return the outcome."""


class ClassLibraryDialog(QDialog):
    """Shows the class library; changes are kept at once.

    Parameters
    ----------
    current : str
        The class to show first; the first one if empty.
    """

    def __init__(self, source: Library, parent: QWidget, current: str = "") -> None:
        super().__init__(parent)
        # Before anything else: widgets may call the event filter while they are made.
        self._source = source
        self._shown: KnownClass | None = None
        self._warned = False
        # Names of classes that were added here: nothing else has them.
        self._new: set[str] = set()
        self.setObjectName("classLibrary")
        self.setWindowTitle("Class library")
        self.resize(760, 520)
        self.classes = QListWidget()
        self.classes.setAccessibleName("Classes")
        self.classes.setIconSize(QSize(_SWATCH, _SWATCH))
        self.name, self.product = QLineEdit(), QLineEdit()
        self.code, self.aliases = QLineEdit(), QLineEdit()
        self.key, self.colour = QComboBox(), QComboBox()
        self.definition = QPlainTextEdit()
        self.examples = QHBoxLayout()
        self.message = secondary_label()
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.new, self.remove = QPushButton("New"), QPushButton("Remove")
        self.importing, self.exporting = QPushButton("Import…"), QPushButton("Export…")
        self._make_layout()
        self._connect()
        self._fill(current)

    def _make_layout(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&Name", self.name)
        form.addRow("&Product", self.product)
        form.addRow("&Key", self.key)
        form.addRow("Co&lour", self.colour)
        form.addRow("&Definition", self.definition)
        form.addRow("&Other names", self.aliases)
        form.addRow("&Code", self.code)
        self.name.setToolTip("The name of clusters and exported folders")
        self.key.setToolTip("Moves an image into the class, in the queue and on the light table")
        self.product.setPlaceholderText("None")
        self.product.setToolTip("Classes of different products may have the same key")
        self.colour.setToolTip("The colour of the class in every lot")
        self.definition.setPlaceholderText("What belongs to the class, and what does not")
        self.definition.setTabChangesFocus(True)
        self.aliases.setPlaceholderText("Separated by commas")
        self.code.setPlaceholderText("The number or code of the class in other systems")
        pictures = QWidget()
        pictures.setLayout(self.examples)
        self.examples.setContentsMargins(0, 0, 0, 0)
        form.addRow("Examples", pictures)
        filled = QWidget()
        filled.setLayout(form)
        form.setContentsMargins(0, 0, 0, 0)
        empty = secondary_label(_EMPTY)
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        self.pages.addWidget(filled)
        self.pages.addWidget(empty)
        left = QVBoxLayout()
        left.addWidget(self.classes, 1)
        under = QHBoxLayout()
        under.addWidget(self.new)
        under.addWidget(self.remove)
        under.addStretch(1)
        left.addLayout(under)
        middle = QHBoxLayout()
        middle.addLayout(left, 2)
        middle.addSpacing(12)
        middle.addWidget(self.pages, 3)
        foot = QHBoxLayout()
        foot.addWidget(self.importing)
        foot.addWidget(self.exporting)
        foot.addStretch(1)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addLayout(middle, 1)
        layout.addWidget(self.message)
        layout.addLayout(foot)
        for button in self.findChildren(QPushButton):
            # Enter in a field must not press a button.
            button.setAutoDefault(False)

    def _connect(self) -> None:
        self.classes.currentItemChanged.connect(self._on_current)
        for field in (self.name, self.product, self.code, self.aliases):
            field.editingFinished.connect(self._keep)
        for choice in (self.key, self.colour):
            choice.activated.connect(self._keep)
        self.definition.installEventFilter(self)
        self.new.clicked.connect(self._add)
        self.remove.clicked.connect(self._remove)
        self.importing.clicked.connect(lambda: file_dialogs.ask_classes(self, self._import))
        self.exporting.clicked.connect(
            lambda: file_dialogs.ask_classes_to_write(
                self, lambda path: self._say(self._source.export_file(path))
            )
        )

    # Content

    def _fill(self, current: str = "") -> None:
        """List the classes, with one of them selected."""
        self.classes.blockSignals(True)
        self.classes.clear()
        for known in self._source.library.classes:
            words = f"{known.key or '–'}   {known.name}" + (f" ({known.product})" if known.product else "")
            item = QListWidgetItem(_swatch(known.colour), words)
            item.setData(Qt.ItemDataRole.UserRole, known.name)
            self.classes.addItem(item)
            if known.name == current:
                self.classes.setCurrentItem(item)
        if self.classes.currentItem() is None and self.classes.count():
            self.classes.setCurrentRow(0)
        self.classes.blockSignals(False)
        self._show_current()

    def _on_current(self) -> None:
        self._keep()
        self._show_current()

    def _show_current(self) -> None:
        item = self.classes.currentItem()
        library = self._source.library
        self._shown = None if item is None else library.find(str(item.data(Qt.ItemDataRole.UserRole)))
        known = self._shown
        self.pages.setCurrentIndex(1 if known is None else 0)
        self.remove.setEnabled(known is not None)
        self.exporting.setEnabled(bool(library.classes))
        if known is None:
            return
        taken = library.keys_of(known.product) - {known.key}
        self.key.clear()
        self.key.addItem("None", "")
        for key in KEYS:
            if key not in taken:
                self.key.addItem(key, key)
        self.key.setCurrentIndex(max(0, self.key.findData(known.key)))
        self.colour.clear()
        owners = {other.colour: other.name for other in library.classes if other is not known}
        for number, colour in enumerate(dict.fromkeys([*COLOURS, *([known.colour] if known.colour else [])])):
            owner = owners.get(colour)
            self.colour.addItem(
                _swatch(colour), f"Colour {number + 1}" + (f" ({owner})" if owner else ""), colour
            )
        self.colour.setCurrentIndex(self.colour.findData(known.colour))
        self.name.setText(known.name)
        self.product.setText(known.product)
        self.code.setText(known.code)
        self.aliases.setText(", ".join(known.aliases))
        self.definition.setPlainText(known.definition)
        while (place := self.examples.takeAt(0)) is not None:
            if (widget := place.widget()) is not None:
                widget.deleteLater()
        for text in known.examples:
            label, pixmap = QLabel(), QPixmap()
            pixmap.loadFromData(base64.b64decode(text, validate=False))
            if not pixmap.isNull():
                side, keep = _EXAMPLE_SIDE, Qt.AspectRatioMode.KeepAspectRatio
                label.setPixmap(pixmap.scaled(side, side, keep, Qt.TransformationMode.SmoothTransformation))
            label.setAccessibleName(f"Example of {known.name}")
            self.examples.addWidget(label)
        if not known.examples:
            self.examples.addWidget(
                secondary_label("The typical images of the next confirmed cluster of this name")
            )
        self.examples.addStretch(1)

    def _say(self, text: str, *, error: bool = False) -> None:
        self.message.setProperty("error", error)
        self.message.style().polish(self.message)
        self.message.setText(text)

    # User actions

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the definition when its field is left."""
        if event.type() == QEvent.Type.FocusOut:
            self._keep()
        return super().eventFilter(watched, event)

    def _fields(self) -> ClassFields:
        product, key = self.product.text().strip(), str(self.key.currentData() or "")
        if self._shown is not None and product != self._shown.product:
            # Another class of that product may have the key.
            key = "" if key in self._source.library.keys_of(product) else key
        return ClassFields(
            self.name.text().strip(),
            product,
            key,
            str(self.colour.currentData() or ""),
            self.definition.toPlainText().strip(),
            self.code.text().strip(),
            self._other_names(),
        )

    def _keep(self) -> bool:
        """Keep what the form says about the class shown; return whether that was possible."""
        known, fields = self._shown, self._fields()
        if known is not None and known.name.casefold() != fields.name.casefold():
            fields = replace(fields, aliases=self._aliases_after(known, fields.name))
        if known is None or fields == ClassFields.of(known):
            return True
        reason = self._source.change_class(known, fields)
        self._say(reason and f"Not kept: {reason[:1].lower()}{reason[1:]}.", error=bool(reason))
        if not reason:
            self._fill(fields.name)
        return not reason

    def _aliases_after(self, known: KnownClass, name: str) -> tuple[str, ...]:
        """Return the other names of a renamed class: the old name is one, as models and sessions have it."""
        aliases = [text for text in self._other_names() if text.casefold() != name.casefold()]
        if known.name not in self._new and known.name not in aliases:
            aliases.append(known.name)
        return tuple(aliases)

    def _other_names(self) -> tuple[str, ...]:
        texts = (text.strip() for text in self.aliases.text().split(","))
        return tuple(dict.fromkeys(text for text in texts if text))

    def _add(self) -> None:
        names = {name for known in self._source.library.classes for name in known.names}
        name = next(text for number in range(1, 10_000) if (text := f"new class {number}") not in names)
        self._new.add(name)
        self._say(self._source.change(lambda library: library.added(name)))
        self._fill(name)
        self.name.setFocus()
        self.name.selectAll()

    def _remove(self) -> None:
        known = self._shown
        if known is not None:
            self._shown = None
            row = self.classes.currentRow()
            self._say(self._source.change(lambda library: library.without(known.name)))
            left = [each.name for each in self._source.library.classes]
            self._fill(left[min(row, len(left) - 1)] if left else "")

    def _import(self, path: Path) -> None:
        self._say(self._source.import_file(path))
        self._fill("" if self._shown is None else self._shown.name)

    def done(self, result: int) -> None:
        """Keep what was typed last, and close; stay once if it cannot be kept."""
        if self._keep() or self._warned:
            super().done(result)
        self._warned = True


def _swatch(colour: str) -> QIcon:
    """Return a square of a colour; an empty one without a colour."""
    pixmap = QPixmap(_SWATCH, _SWATCH)
    pixmap.fill(Qt.GlobalColor.transparent)
    if colour:
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(0, 0, _SWATCH, _SWATCH, 3, 3)
        painter.end()
    return QIcon(pixmap)
