"""What an action is: its text and place, when it is enabled, and what it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from defect_workbench.app.document.move_targets import MoveTarget
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.gui.boxes.box_controller import BoxController
from defect_workbench.gui.controllers.class_library_controller import ClassLibraryController
from defect_workbench.gui.controllers.classifier_controller import ClassifierController
from defect_workbench.gui.controllers.clipboard import Clipboard
from defect_workbench.gui.controllers.comparison_choice import ComparisonChoice
from defect_workbench.gui.controllers.decision_history_controller import DecisionHistoryController
from defect_workbench.gui.controllers.notes_on_images import NotesOnImages
from defect_workbench.gui.controllers.preprocess_controller import PreprocessController
from defect_workbench.gui.controllers.refinement import Refinement
from defect_workbench.gui.controllers.review_decisions import ReviewController
from defect_workbench.gui.controllers.review_lists import ReviewLists
from defect_workbench.gui.controllers.save_and_export import OutputController
from defect_workbench.gui.controllers.side_table_controller import SideTableController
from defect_workbench.gui.controllers.strange_splitting import StrangeSplitting
from defect_workbench.gui.klarf.klarf_controller import KlarfController
from defect_workbench.gui.shared.map_overlays import MapOverlays
from defect_workbench.gui.watching.watch_controller import WatchController
from defect_workbench.gui.window.help import Help
from defect_workbench.gui.window.opener import Opener
from defect_workbench.gui.window.review_window import ReviewWindow
from defect_workbench.gui.window.view_choices import ViewChoices


class Menu(Enum):
    """The menus, from left to right; the value is the title."""

    FILE = "&File"
    EDIT = "&Edit"
    REVIEW = "&Review"
    CUT = "&Cut"
    VIEW = "&View"
    HELP = "&Help"


class Group(Enum):
    """The actions between two separators of a menu, in the order in which the menu shows them."""

    OPEN = Menu.FILE, "open"
    # A submenu.
    KLARF = Menu.FILE, "klarf"
    SAVE = Menu.FILE, "save"
    COPY = Menu.FILE, "copy"
    DATA = Menu.FILE, "data"
    COMPARE = Menu.FILE, "compare"
    QUIT = Menu.FILE, "quit"
    HISTORY = Menu.EDIT, "history"
    CLUSTERS = Menu.EDIT, "clusters"
    IMAGES = Menu.EDIT, "images"
    ITEMS = Menu.EDIT, "items"
    REVIEW = Menu.REVIEW, "review"
    BOXES = Menu.REVIEW, "boxes"
    RECORDS = Menu.REVIEW, "records"
    # A submenu, which the Grouping panel shows, too.
    SOURCES = Menu.EDIT, "sources"
    CUT = Menu.CUT, "cut"
    OVERLAYS = Menu.VIEW, "overlays"
    PAGES = Menu.VIEW, "pages"
    VIEWS = Menu.VIEW, "views"
    PARETO = Menu.VIEW, "pareto"
    HELP = Menu.HELP, "help"

    @property
    def menu(self) -> Menu:
        """The menu that holds the group."""
        return self.value[0]


class ToolGroup(Enum):
    """The buttons between two separators of the tool bar, from left to right."""

    FILE = "file"
    HISTORY = "history"
    CUT = "cut"
    CLUSTERS = "clusters"
    # At the right end.
    OUTPUT = "output"


@dataclass(frozen=True)
class State:
    """The facts about the window that decide which actions are enabled.

    Attributes
    ----------
    open, busy : bool
        Whether a project is open, and whether a job is running.
    tree : bool
        Whether the project has a tree that can be cut.
    reviewing : bool
        Whether the gallery and the panels about single images are visible.
    clusters : int
        Number of clusters selected in the list.
    all_confirmed : bool
        Whether clusters are selected, and all of them are confirmed.
    images, current : bool
        Whether images are selected in the gallery, and whether one is the current image.
    images_cut : bool
        Whether images wait to be pasted into a cluster.
    table, suggestions, proposals, maps : bool
        Whether a table is joined, a classifier suggests images to label, there are unreviewed
        proposals, and the images have defect maps.
    maps_shown, source_given, single_defects : bool
        Whether outlines and maps of defects are shown, whether the user gave something to compare the
        images with, and whether the images are single defects.
    defects_found, boxes_shown : bool
        Whether the images were searched for defects, and whether their boxes are shown.
    errors_known, errors_shown : bool
        Whether a detector was evaluated on the images, and whether its errors are shown.
    inspected : bool
        Whether the images were opened from inspection files.
    pareto : bool
        Whether there is a Pareto chart.
    undo, redo : str or None
        What undo and redo would change; None where there is nothing to undo or redo.
    """

    open: bool = False
    busy: bool = False
    tree: bool = False
    reviewing: bool = True
    clusters: int = 0
    all_confirmed: bool = False
    images: bool = False
    current: bool = False
    images_cut: bool = False
    table: bool = False
    suggestions: bool = False
    proposals: bool = False
    maps: bool = False
    maps_shown: bool = False
    source_given: bool = False
    single_defects: bool = False
    defects_found: bool = False
    boxes_shown: bool = False
    errors_known: bool = False
    errors_shown: bool = False
    inspected: bool = False
    pareto: bool = False
    undo: str | None = None
    redo: str | None = None


@dataclass(frozen=True)
class Controllers:
    """What the handlers of actions call."""

    window: ReviewWindow
    document: Document
    opener: Opener
    outputs: OutputController
    tables: SideTableController
    preprocessing: PreprocessController
    classifier: ClassifierController
    review: ReviewController
    clipboard: Clipboard
    classes: ClassLibraryController
    refinement: Refinement
    splitting: StrangeSplitting
    lists: ReviewLists
    history: DecisionHistoryController
    notes: NotesOnImages
    views: ViewChoices
    comparison: ComparisonChoice
    overlays: MapOverlays
    boxes: BoxController
    klarf: KlarfController
    watching: WatchController
    help: Help


@dataclass(frozen=True)
class Action:
    """One entry of the menus.

    Attributes
    ----------
    name : str
        The object name in Qt; others rely on it, so it does not change.
    text : str
        As in the menu; `&` stands before its mnemonic.
    tip : str
        What it does, for the tooltip, the status bar and the list of shortcuts.
    group : Group
        Where the menus show it.
    handler : callable or None
        Runs it; None where it opens a submenu.
    enabled : callable
        Whether it can be run in a state of the window.
    shortcuts : tuple of str
        The first is the one that menus and tooltips show.
    icon : str
        Name of a file in resources/icons.
    tools : ToolGroup or None
        Where the tool bar shows it; None where it does not.
    icon_only : bool
        Whether its button has no text.
    checked : callable or None
        Whether it is checked in a state of the window; None if it cannot be checked.
    subject : callable or None
        What to append to the text in a state of the window: undo and redo name the step.
    other_text : callable or None
        The text in a state of the window where it is another one; empty for `text`.
    targets : callable or None
        Returns what its submenu offers to move images into, whenever it is opened; None without a submenu.
    """

    name: str
    text: str
    tip: str
    group: Group
    handler: Callable[[Controllers], object] | None
    enabled: Callable[[State], bool]
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    tools: ToolGroup | None = None
    icon_only: bool = False
    checked: Callable[[State], bool] | None = None
    subject: Callable[[State], str] | None = None
    other_text: Callable[[State], str] | None = None
    targets: Callable[[Controllers], Sequence[MoveTarget]] | None = None
