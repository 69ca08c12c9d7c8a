"""What to do about an error, as the window phrases it."""

from __future__ import annotations

from collections.abc import Mapping

from defect_workbench.core.errors import Remedy, WorkbenchError, with_remedy
from defect_workbench.user_dirs import HOME_VARIABLE

REMEDY_TEXTS: Mapping[Remedy, str] = {
    Remedy.FETCH_WEIGHTS: "click “Fetch weights” in the banner above the images, then try again",
    Remedy.IMPORT_WEIGHTS: "get the file on another machine and click “From a file…” in the banner above the "
    "images",
    Remedy.GET_WEIGHTS: "click “Fetch weights” or “From a file…” in the banner above the images",
    Remedy.MATCHING_WEIGHTS: "train the classifier again with the weights in use",
    Remedy.OTHER_STORE: f"set the environment variable {HOME_VARIABLE} to another folder and start again",
    Remedy.OTHER_FOLDER: "choose a new folder",
    Remedy.COPY_MODE: "choose “Copy the images”",
    Remedy.OPEN_AGAIN: "open the folder again",
    Remedy.CONTINUE: "start the job again to continue",
    Remedy.START_WORKERS: "start some, then try again",
    Remedy.FIND_IMAGES: "find the images first",
    Remedy.ADD_TABLE: "join a table first",
    Remedy.OTHER_CUT: "choose fewer clusters",
    Remedy.OTHER_FOLDS: "change the number of folds",
    Remedy.OTHER_LOTS: "change the rule for lots",
    Remedy.OTHER_FALSE_ALARMS: "change the share of known images to flag as unknown",
    Remedy.OTHER_DRAWS: "change the number of random augmentations",
    Remedy.NO_AUGMENTATION: "turn augmentation or fine-tuning off",
    Remedy.ENTER_CODES: "set the codes in the class library",
    Remedy.CONFIRM_CLUSTERS: "confirm at least two clusters first",
    Remedy.COARSER_METHOD: "group them by the agglomerative method and refine a cluster",
    Remedy.CONTINUE_TRAINING: "choose this file again, and whether to continue it or to begin again",
    Remedy.BEGIN_TRAINING_AGAIN: "choose “Begin again”",
    Remedy.INSTALL_ONNX: "install the program with its extra “onnx”",
    Remedy.INSTALL_CLUSTER: "install the program with its extra “cluster”",
    Remedy.ALLOW_MIXED_WORKERS: "use workers like this computer",
    Remedy.WEIGHTS_ON_WORKERS: "give each worker the weights in use",
}


def sentence(error: WorkbenchError) -> str:
    """An error with what can be done about it."""
    return with_remedy(str(error), error.remedy, REMEDY_TEXTS)
