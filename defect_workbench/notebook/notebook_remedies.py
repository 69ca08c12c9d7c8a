"""What the author of a notebook can do about an error."""

from __future__ import annotations

from collections.abc import Mapping

from defect_workbench.core.errors import Remedy
from defect_workbench.user_dirs import HOME_VARIABLE

REMEDY_TEXTS: Mapping[Remedy, str] = {
    Remedy.FETCH_WEIGHTS: "fetch them in a terminal: defect-workbench weights fetch",
    Remedy.IMPORT_WEIGHTS: "get the file on another machine and run in a terminal: "
    "defect-workbench weights import FILE",
    Remedy.GET_WEIGHTS: "fetch them in a terminal: defect-workbench weights fetch; without a network, get "
    "the file on another machine and run: defect-workbench weights import FILE",
    Remedy.MATCHING_WEIGHTS: "import the matching weights in a terminal: "
    "defect-workbench weights import FILE",
    Remedy.OTHER_STORE: f"pass another folder as store=, or set {HOME_VARIABLE} to another folder",
    Remedy.OTHER_FOLDER: "pass the name of a new folder",
    Remedy.COPY_MODE: 'pass mode="copy"',
    Remedy.OPEN_AGAIN: "extract the features again",
    Remedy.CONTINUE: "call the function again to continue",
    Remedy.START_WORKERS: "start some and call the function again",
    Remedy.FIND_IMAGES: "move them back, or extract the features of the folder that they are in now",
    Remedy.ADD_TABLE: "open the session in the window and join a table there",
    Remedy.OTHER_CUT: "pass fewer clusters",
    Remedy.OTHER_FOLDS: "use another number of folds",
    Remedy.OTHER_LOTS: "determine the lots by another rule",
    Remedy.OTHER_FALSE_ALARMS: "pass another share as false_alarms=",
    Remedy.OTHER_DRAWS: "augment each image another number of times",
    Remedy.NO_AUGMENTATION: "train without augmentation",
    Remedy.ENTER_CODES: "set the codes in the window, under Edit, Class library",
    Remedy.CONFIRM_CLUSTERS: "confirm clusters in the window first",
    Remedy.COARSER_METHOD: 'pass method="agglomerative"',
    Remedy.CONTINUE_TRAINING: "continue the training in a terminal, or delete it to begin again",
    Remedy.BEGIN_TRAINING_AGAIN: "delete it to begin again",
    Remedy.INSTALL_ONNX: "run in a terminal: pip install 'defect-workbench[onnx]'",
    Remedy.INSTALL_CLUSTER: "run in a terminal: pip install 'defect-workbench[cluster]'",
    Remedy.ALLOW_MIXED_WORKERS: "use workers like this computer",
    Remedy.WEIGHTS_ON_WORKERS: "on that machine, run in a terminal: defect-workbench weights fetch, or "
    "weights import FILE",
}
