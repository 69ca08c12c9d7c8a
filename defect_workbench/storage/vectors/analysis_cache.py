"""Analyses that were made before: the tree of ten thousand images takes longer to build than to read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.session.session_file import load_session, save_session

_KEPT = 12


class AnalysisCache:
    """A folder of a few session files, each under the name of what it depends on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, images: ImageSet, made: Mapping[str, Any], settings: Settings) -> Path:
        facts = {
            "images": [image.sha256 for image in images.images],
            "made": made,
            "settings": asdict(settings),
        }
        name = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
        return self._folder / f"{name}.dwb"

    def get(self, images: ImageSet, made: Mapping[str, Any], settings: Settings) -> Analysis | None:
        """The analysis of these contents in this order, if it is known and sound.

        Parameters
        ----------
        made : mapping of str to Any
            What the result depends on apart from contents and settings, as JSON values: the identity of the
            features and the version of the grouping.
        """
        try:
            found = load_session(self._path(images, made, settings)).analysis
        except WorkbenchError:
            return None
        return found if len(found) == len(images) else None

    def put(self, images: ImageSet, made: Mapping[str, Any], analysis: Analysis) -> None:
        """Keep an analysis; the oldest ones go. A disk that cannot take it costs nothing."""
        path = self._path(images, made, analysis.settings)
        try:
            save_session(path, Project(images, analysis, 1, Decisions.none(len(images))))
            known = sorted(self._folder.glob("*.dwb"), key=lambda item: item.stat().st_mtime)
            for old in known[:-_KEPT]:
                old.unlink(missing_ok=True)
        except (OSError, WorkbenchError):
            return
