"""The actions of the window: one place for their names, keys and words."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class Spec:
    """An action: object name, text, key, tooltip, icon."""

    name: str
    text: str
    key: str
    tip: str
    icon: str = ""


SPECS = (
    Spec("actionOpenFolder", "Open folder…", "Ctrl+O", "Open a folder of images", "open"),
    Spec("actionOpenSession", "Open session…", "Ctrl+Shift+O", "Open a saved session", "session"),
    Spec("actionSaveSession", "Save session", "Ctrl+S", "Save the session to a file", "save"),
    Spec("actionSaveSessionAs", "Save session as…", "Ctrl+Shift+S", "Save the session to another file"),
    Spec("actionExport", "Export…", "Ctrl+E", "Write labelled folders", "export"),
    Spec("actionSaveDendrogram", "Save the dendrogram…", "", "Write the dendrogram as SVG or PNG"),
    Spec("actionCompareSession", "Compare with a session…", "", "See where another session sorts otherwise"),
    Spec("actionCompareFolders", "Compare with sorted folders…", "", "See where sorted folders differ"),
    Spec("actionJoinTable", "Join a table…", "Ctrl+J", "Join a CSV or XLSX file with a row for each image"),
    Spec("actionAssociate", "Table against clusters…", "", "See which columns go together with the clusters"),
    Spec("actionDropTable", "Take the table away", "", "Forget the joined table"),
    Spec("actionUndoExport", "Undo an export…", "", "Remove what an export wrote into a folder"),
    Spec(
        "actionAddFolder",
        "Add a folder…",
        "Ctrl+Shift+A",
        "Match new images to confirmed clusters, cluster the rest",
    ),
    Spec(
        "actionAsked",
        "Choose what would help most",
        "",
        "Choose the images whose labels the classifier needs",
    ),
    Spec("actionPrepare", "Prepare the pictures…", "", "Info bar, noise, background and scale"),
    Spec("actionQuit", "Quit", "Ctrl+Q", "Close the window"),
    Spec("actionSuggestCut", "Suggest cut", "Ctrl+G", "Move the cut to the best suggestion", "suggest"),
    Spec("actionRefineCluster", "Refine…", "R", "Look for finer groups in the chosen cluster", "refine"),
    Spec("actionMerge", "Merge", "M", "Make one cluster of the chosen ones", "merge"),
    Spec("actionRename", "Rename…", "F2", "Name the chosen cluster", "rename"),
    Spec("actionNote", "Note…", "T", "Note something about the chosen cluster"),
    Spec("actionConfirm", "Confirm", "C", "Lock the chosen clusters, or unlock them", "confirm"),
    Spec("actionSplitOut", "Split out", "N", "Make a cluster of its own of the chosen images"),
    Spec("actionNuisance", "Nuisance", "X", "Set the chosen images apart as of no interest"),
    Spec("actionCut", "Cut images", "Ctrl+X", "Take the chosen images up, to paste them into a cluster"),
    Spec("actionPaste", "Paste into cluster", "Ctrl+V", "Put the images taken up into the chosen cluster"),
    Spec("actionReview", "Review outliers", "Q", "Go to the outlier queue"),
    Spec("actionKeys", "Keys", "F1", "List the keys"),
    Spec("actionBugReport", "Copy details for a bug report", "", "Versions and the last lines of the log"),
)


def make_actions(parent: QWidget) -> dict[str, QAction]:
    """All actions, by object name."""
    actions = {}
    for spec in SPECS:
        action = QAction(spec.text, parent)
        action.setObjectName(spec.name)
        if spec.key:
            action.setShortcut(QKeySequence(spec.key))
        action.setToolTip(f"{spec.tip} ({spec.key})" if spec.key else spec.tip)
        action.setStatusTip(spec.tip)
        actions[spec.name] = action
    return actions


def key_sheet() -> str:
    """The keys, for the help."""
    rows = [(spec.key, spec.tip) for spec in SPECS if spec.key]
    rows += [
        ("Ctrl+Z, Ctrl+Shift+Z", "Undo, redo"),
        ("1, 2, 3", "In the outlier queue: put it into the nearest clusters"),
        ("N, X, D", "In the outlier queue: a new cluster, nuisance, later"),
        ("Left, Right", "In the outlier queue: back and forth"),
        ("Up, Down", "On the dendrogram: one cluster fewer, one more"),
        ("Page Up, Page Down", "On the dendrogram: the next suggested cut"),
        ("Esc", "Let the cut go, or cancel what is under way"),
    ]
    cell = "<td style='padding-left:18px'>"
    lines = "".join(f"<tr><td><b>{key}</b></td>{cell}{tip}</td></tr>" for key, tip in rows)
    return f"<table cellspacing=5>{lines}</table>"
