"""Measure how well unknown classes are detected, leaving out each class in turn.

    python -m tests.quality.unknown [FOLDER ...] [--store DIR] [--folds 5]

FOLDER: a folder of class folders; default: the labelled image sets next to the checkout. Prints the area
under the ROC curve of each class, the mean and the minimum (goal: mean of at least 0.9).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from defect_workbench.commands.shared.console import console_reporter
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.classifier.data.dataset import labelled_set, scan_labels
from defect_workbench.engine.classifier.data.near_duplicates import near_duplicates
from defect_workbench.engine.classifier.left_out_classes import leave_classes_out
from defect_workbench.engine.classifier.training import Options
from defect_workbench.engine.extraction.extractor import extract
from defect_workbench.storage.vectors.feature_store import FeatureStore
from defect_workbench.user_dirs import UserDirs
from tests.conftest import SHARED_DATA


def main() -> None:
    """Print the results of each folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--store", type=Path, default=UserDirs.of_user().store)
    parser.add_argument("--folds", type=int, default=5)
    args = parser.parse_args()
    folders = args.folders or [SHARED_DATA / name for name in ("x-sdd", "deeppcb-crops")]
    with console_reporter() as reporter:
        for folder in folders:
            library = WeightsLibrary(UserDirs.of_user().weights)
            extraction = extract(
                scan_labels(folder.resolve(), reporter), FeatureStore(args.store), library, reporter
            )
            data = labelled_set(extraction.images, extraction.features)
            data = replace(data, groups=near_duplicates(data.images, data.features, reporter))
            areas = leave_classes_out(data, Options(), reporter, args.folds)
            print(f"{folder.name}: mean {areas.mean:.3f}, worst {areas.worst:.3f}")
            for name, entry in areas.classes.items():
                print(
                    f"  {name:<36} area {entry.auc:.3f}, detected {entry.unknown_found:.2f}, "
                    f"known rejected {entry.known_rejected:.3f}"
                )


if __name__ == "__main__":
    main()
