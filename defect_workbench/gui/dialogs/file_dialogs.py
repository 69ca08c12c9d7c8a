"""Dialogs for files and folders, which do not block the event loop."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from defect_workbench.app.settings import WindowSettings

Done = Callable[[Path], None]

_SESSIONS = "Sessions (*.dwb)"
_KLARFS = "KLARF (*.000 *.001 *.klarf *.klr *.kla *.KLARF *.KLA);;All files (*)"
_CLASSES = "Classes (*.json);;All files (*)"
_CLASSIFIERS = "Classifiers (*.dwm);;All files (*)"
_DETECTORS = "Detectors (*.dwd);;All files (*)"


def ask_folder(parent: QWidget, title: str, done: Done, start: str = "") -> None:
    """Ask for a folder."""
    dialog = QFileDialog(parent, title, start)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    _open(dialog, done, given=bool(start))


def ask_image_folder(parent: QWidget, title: str, done: Done) -> None:
    """Ask for a folder of images; the dialog shows the images, too, if the system allows it."""
    from defect_workbench.engine.input.formats.registry import IMAGE_FORMATS

    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly, False)
    patterns = " ".join(f"*{extension}" for entry in IMAGE_FORMATS for extension in entry.extensions)
    dialog.setNameFilter(f"Images ({patterns})")
    _open(dialog, done)


def ask_session(parent: QWidget, done: Done) -> None:
    """Ask for a session to open."""
    _ask_file(parent, "Open session", _SESSIONS, done)


def ask_klarf(parent: QWidget, done: Done) -> None:
    """Ask for an inspection file."""
    _ask_file(parent, "Open inspection file", _KLARFS, done)


def ask_weights(parent: QWidget, done: Done) -> None:
    """Ask for a file of weights."""
    _ask_file(parent, "Import network weights", "Weights (*.pth *.tgz *.safetensors);;All files (*)", done)


def ask_classifier(parent: QWidget, done: Done) -> None:
    """Ask for a classifier to open."""
    _ask_file(parent, "Open classifier", _CLASSIFIERS, done)


def ask_detector(parent: QWidget, done: Done) -> None:
    """Ask for a trained detector."""
    _ask_file(parent, "Open detector", _DETECTORS, done)


def ask_classifier_to_write(parent: QWidget, suggestion: Path, done: Done) -> None:
    """Ask where to save a classifier, with a free name suggested; asks before a file is replaced.

    Parameters
    ----------
    suggestion : Path
        Its name, and where to begin the first time.
    """
    _ask_free_name(QFileDialog(parent, "Save classifier", "", _CLASSIFIERS), "dwm", suggestion, done)


def ask_detector_to_write(parent: QWidget, suggestion: Path, done: Done) -> None:
    """Ask for the file of a new detector, with a free name suggested."""
    _ask_free_name(QFileDialog(parent, "New detector", "", _DETECTORS), "dwd", suggestion, done)


def _ask_free_name(dialog: QFileDialog, suffix: str, suggestion: Path, done: Done) -> None:
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(suffix)
    place = None if _Places.settings is None else _Places.settings.place(dialog.windowTitle())
    folder = place or suggestion.parent
    dialog.setDirectory(str(folder))
    dialog.selectFile(free_name(folder, suggestion.name))
    _open(dialog, done, given=True)


def ask_classes(parent: QWidget, done: Done) -> None:
    """Ask for a file of classes."""
    _ask_file(parent, "Import classes", _CLASSES, done)


def ask_classes_to_write(parent: QWidget, done: Done) -> None:
    """Ask where to write the classes; the dialog asks before a file is replaced."""
    dialog = QFileDialog(parent, "Export classes", "classes.json", _CLASSES)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("json")
    _open(dialog, done)


def ask_table(parent: QWidget, done: Done) -> None:
    """Ask for a table to join."""
    _ask_file(parent, "Table with one row per image", "Tables (*.csv *.tsv *.txt *.xlsx)", done)


def ask_session_to_write(parent: QWidget, suggestion: str, done: Done) -> None:
    """Ask where to save a session; the dialog asks before a file is replaced."""
    dialog = QFileDialog(parent, "Save session", suggestion, _SESSIONS)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("dwb")
    _open(dialog, done)


def ask_drawing_to_write(parent: QWidget, suggestion: str, done: Done) -> None:
    """Ask where to save the dendrogram; the dialog asks before a file is replaced."""
    dialog = QFileDialog(parent, "Save dendrogram", suggestion, "SVG (*.svg);;PNG (*.png)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("svg")
    _open(dialog, done)


def ask_pareto_to_write(parent: QWidget, suggestion: str, done: Done) -> None:
    """Ask where to save a Pareto chart; the dialog asks before a file is replaced."""
    names = "SVG (*.svg);;PNG (*.png);;Table (*.csv);;PowerPoint (*.pptx)"
    dialog = QFileDialog(parent, "Save Pareto chart", suggestion, names)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("svg")
    # A name without an ending gets that of the chosen kind of file.
    dialog.filterSelected.connect(lambda name: dialog.setDefaultSuffix(name[name.index("*.") + 2 : -1]))
    _open(dialog, done)


def ask_slides_to_write(parent: QWidget, suggestion: Path, done: Done) -> None:
    """Ask where to write slides; the dialog asks before a file is replaced."""
    dialog = QFileDialog(parent, "Export slides", str(suggestion), "PowerPoint (*.pptx)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("pptx")
    dialog.selectFile(str(suggestion))
    _open(dialog, done)


def _ask_file(parent: QWidget, title: str, names: str, done: Done) -> None:
    dialog = QFileDialog(parent, title, "", names)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    _open(dialog, done)


def free_name(folder: Path, name: str) -> str:
    """Return the name, with a number if the folder has a file of this name."""
    stem, suffix = Path(name).stem, Path(name).suffix
    numbered = (f"{stem}-{number}{suffix}" for number in itertools.count(2))
    # A link that leads nowhere has the name, too; and a share that is away is no error here.
    return next(each for each in itertools.chain([name], numbered) if not os.path.lexists(folder / each))


class _Places:
    """Where each dialog was left, kept between runs once the window has set the settings."""

    settings: WindowSettings | None = None


def remember_places(settings: WindowSettings) -> None:
    """Let each dialog start where a folder or file was last chosen in it."""
    _Places.settings = settings


def _open(dialog: QFileDialog, done: Done, *, given: bool = False) -> None:
    """Show a dialog where it was left, unless it was given where to start."""
    purpose, settings = dialog.windowTitle(), _Places.settings

    def chosen(name: str) -> None:
        path = Path(name)
        if settings is not None:
            # Where it lies: the next one to open is usually its neighbour.
            settings.remember_place(purpose, path.parent)
        done(path)

    if settings is not None and not given and (place := settings.place(purpose)) is not None:
        dialog.setDirectory(str(place))
    dialog.fileSelected.connect(chosen)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
