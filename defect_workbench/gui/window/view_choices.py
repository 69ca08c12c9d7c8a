"""Saved views, and the columns below the thumbnails: what the View menu offers about the open project."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from defect_workbench.app.document.gallery_sections import Choice, Order
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.messages import Messages
from defect_workbench.core.project.saved_views import (
    LONGEST_VIEW_NAME,
    SavedView,
    find_view,
    with_view,
    without_view,
)
from defect_workbench.core.text import and_more, printable
from defect_workbench.gui.window.window_layout import PanelWindow

# More lines would leave too few thumbnails in sight.
MOST_COLUMNS = 4


class ViewChoices:
    """Saves, lists and applies views, and lists the columns to show below the thumbnails."""

    def __init__(self, window: PanelWindow, document: Document, messages: Messages) -> None:
        self._window, self._document, self._messages = window, document, messages

    def fill_when_opened(self, views: QMenu, deleted: QMenu, columns: QMenu) -> None:
        """Fill menus whenever they are opened, with what there is then."""
        views.aboutToShow.connect(lambda: self._list_views(views))
        deleted.aboutToShow.connect(lambda: self._list_deleted(deleted))
        columns.aboutToShow.connect(lambda: self._list_columns(columns))

    # Views

    def current(self, name: str = "") -> SavedView:
        """Return what the window shows now, as a view."""
        choice, column = self._window.gallery_bar.choice(), self._window.map_colour.currentData()
        colour = "" if column is None else str(column.name)
        return SavedView(name, choice.text, choice.state, choice.order.value, colour, self._shown_columns())

    def _shown_columns(self) -> tuple[str, ...]:
        """Return the columns below the thumbnails; those of an earlier project may be missing in this one."""
        known = self._document.columns
        return tuple(name for name in self._window.gallery_bar.choice().captions if name.casefold() in known)

    def save(self) -> None:
        """Ask for a name, and save what the window shows now under it."""
        project = self._document.project
        if project is None:
            return
        images, view = project.images, self.current()
        active = next((each.name for each in project.views if each.same_as(view)), "")

        def done(text: str) -> None:
            name = " ".join(text.split())[:LONGEST_VIEW_NAME]
            now = self._document.project
            # Its columns are not those of another project.
            if not name or now is None or now.images is not images:
                return
            named = replace(view, name=name)
            known = find_view(now.views, name)
            if known is None or known.same_as(named):
                self._keep(named)
                return
            self._messages.ask(
                "Save view",
                f"Replace the view {printable(known.name)}? It would then show what you see now.",
                "Replace",
                lambda agreed: self._keep(named) if agreed else None,
            )

        words = "Name of the view. It keeps filter, order, colours of the map, and columns below images:"
        self._messages.ask_text("Save view", words, active, done)

    def _keep(self, view: SavedView) -> None:
        project = self._document.project
        if project is not None:
            self._document.replace_fields(f"Save view {view.name}", views=with_view(project.views, view))

    def _delete(self, name: str) -> None:
        project = self._document.project
        if project is not None:
            self._document.replace_fields(f"Delete view {name}", views=without_view(project.views, name))

    def apply(self, view: SavedView) -> None:
        """Show what a view says; what it names and this project lacks is left out, with a notice."""
        window, known = self._window, self._document.columns
        order = next((each for each in Order if each.value == view.order), Order.SIZE)
        columns = tuple(name for name in view.columns if name.casefold() in known)
        window.gallery_bar.show_choice(Choice(order, view.filter, view.state, columns))
        # Fixed strings match in any case.
        place = window.map_colour.findText(view.colour, Qt.MatchFlag.MatchFixedString) if view.colour else 0
        window.map_colour.setCurrentIndex(max(0, place))
        named = dict.fromkeys(name for name in (*view.columns, view.colour) if name)
        missing = [name for name in named if name.casefold() not in known]
        if missing:
            words = f"The view {view.name} also shows columns that this project does not have"
            window.notice.notify(f"{words}: {and_more(missing, 4)}.", warning=True)

    def _list_views(self, menu: QMenu) -> None:
        menu.clear()
        project = self._document.project
        views = () if project is None else project.views
        current = self.current()
        for view in views:
            action = menu.addAction(view.name.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(view.same_as(current))
            action.triggered.connect(lambda _, each=view: self.apply(each))
        if not views:
            menu.addAction("No view is saved yet").setEnabled(False)

    def _list_deleted(self, menu: QMenu) -> None:
        menu.clear()
        project = self._document.project
        views = () if project is None else project.views
        for view in views:
            action = menu.addAction(view.name.replace("&", "&&"))
            action.triggered.connect(lambda _, name=view.name: self._delete(name))
        if not views:
            menu.addAction("No view is saved yet").setEnabled(False)

    # Columns

    def _list_columns(self, menu: QMenu) -> None:
        menu.clear()
        shown = self._shown_columns()
        names = [column.name for column in self._document.columns.values()]
        for name in names:
            action = menu.addAction(name.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(name in shown)
            action.setEnabled(name in shown or len(shown) < MOST_COLUMNS)
            action.triggered.connect(lambda checked, each=name: self._on_column(each, checked))
        if not names:
            menu.addAction("This project has no columns").setEnabled(False)

    def _on_column(self, name: str, checked: bool) -> None:
        bar = self._window.gallery_bar
        others = [each for each in self._shown_columns() if each != name]
        bar.show_choice(replace(bar.choice(), captions=(*others, *([name] if checked else []))))
