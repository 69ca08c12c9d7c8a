"""The bar above the gallery: filter, state and order of the clusters."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QWidget

from defect_workbench.app.columns import TAG
from defect_workbench.app.document.gallery_sections import Choice, Order
from defect_workbench.gui.shared.rich_text import bold

_TYPING_MILLISECONDS = 150
# Characters of an order, and of the filter, that are shown in a narrow window.
_SHORTEST_ORDER, _SHORTEST_FILTER = 6, 14
_HELP = Markup("""<p>Words match file paths and cluster names.<br>
Conditions on columns: <b>width&gt;500</b>, <b>folder:lot7</b>, <b>score&gt;=0.8</b>,
<b>tag:rework</b>.</p>""")


class GalleryBar(QWidget):
    """The bar above the gallery. Signals: changed; fold_all(bool) to fold or unfold all clusters."""

    changed = Signal()
    fold_all = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.order = QComboBox()
        for order in Order:
            self.order.addItem(order.value, order)
        self.order.setToolTip("Order of the clusters")
        self.order.setAccessibleName("Order of the clusters")
        self.state = QComboBox()
        for words, value in (
            ("All states", ""),
            ("Open", "open"),
            ("Kept", "held"),
            ("Confirmed", "confirmed"),
            ("Nuisance", "nuisance"),
        ):
            self.state.addItem(words, value)
        tip = "Images that stay together at any cut, by your decision or a classifier’s proposal"
        self.state.setItemData(self.state.findData("held"), tip, Qt.ItemDataRole.ToolTipRole)
        self.state.setToolTip("Show clusters in one state")
        self.state.setAccessibleName("State of the clusters that are shown")
        # Else it is as wide as its longest entry, and a narrow window has no room for the filter.
        self.order.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.order.setMinimumContentsLength(_SHORTEST_ORDER)
        self.text = QLineEdit()
        self.text.setPlaceholderText("Filter")
        self.text.setToolTip(_HELP)
        self.text.setClearButtonEnabled(True)
        self.text.setAccessibleName("Filter by file path, cluster name or column")
        fold = QPushButton("Fold")
        fold.setCheckable(True)
        fold.setToolTip("Show only the headings")
        fold.toggled.connect(self.fold_all)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.addWidget(self.order)
        layout.addWidget(self.state)
        layout.addWidget(self.text, 1)
        layout.addWidget(fold)
        self._make_room()
        self._captions: tuple[str, ...] = ()
        self._completer: QCompleter | None = None
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MILLISECONDS)
        self._typing.timeout.connect(self.changed)
        self.text.textChanged.connect(lambda _: self._typing.start())
        self.order.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.state.currentIndexChanged.connect(lambda _: self.changed.emit())

    def changeEvent(self, event: QEvent) -> None:
        """Leave room for the filter at every text size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._make_room()

    def _make_room(self) -> None:
        self.text.setMinimumWidth(_SHORTEST_FILTER * self.fontMetrics().averageCharWidth())

    def set_columns(self, names: Sequence[str], tags: Sequence[str] = ()) -> None:
        """List the columns for conditions in the tooltip, and complete their names and the tags."""
        columns = Markup("<p>Columns: {}</p>").format(Markup(", ").join(map(bold, names)))
        self.text.setToolTip(_HELP + columns if names else _HELP)
        if self._completer is not None:
            self._completer.deleteLater()
        completions = [*(f"{name}:" for name in names), *(_condition(tag) for tag in tags)]
        self._completer = QCompleter(completions, self)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.text.setCompleter(self._completer)

    def choice(self) -> Choice:
        """Return the choice that the controls show."""
        order, state = Order(self.order.currentData()), str(self.state.currentData())
        return Choice(order, self.text.text().strip(), state, self._captions)

    def show_choice(self, choice: Choice) -> None:
        """Show another choice in the controls, as one change."""
        for widget in (self.order, self.state, self.text):
            widget.blockSignals(True)
        self.order.setCurrentIndex(max(0, self.order.findData(choice.order)))
        self.state.setCurrentIndex(max(0, self.state.findData(choice.state)))
        self.text.setText(choice.text)
        for widget in (self.order, self.state, self.text):
            widget.blockSignals(False)
        self._captions = choice.captions
        self._typing.stop()
        self.changed.emit()


def _condition(tag: str) -> str:
    """Return the condition that finds a tag."""
    return f'{TAG}:"{tag}"' if " " in tag else f"{TAG}:{tag}"
