"""Session files: a versioned zip file of JSON and NumPy arrays, without pickle.

A session contains everything that the window shows except the images, so it can be opened on another machine
and without the feature store.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.clustering.clustering_result import Analysis, Flat, Settings, Suggestion
from defect_workbench.core.clustering.feature_blocks import (
    BackboneInfo,
    BlockWeights,
    identity_description,
    identity_with_current_names,
    with_current_names,
)
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.images.image_records import ImageRecord, ImageSet, Rejection
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.project.decisions import Decisions, Group
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.safe_reading import NotRegularError, is_inside, open_regular, why_not_written
from defect_workbench.storage.files.atomic import replacing
from defect_workbench.storage.files.fixed_archives import fixed_entry
from defect_workbench.storage.files.zip_limits import check_size, read_array
from defect_workbench.storage.session.found_defect_arrays import (
    found_defect_arrays,
    found_defect_fields,
    found_defects_of,
)
from defect_workbench.storage.session.history_arrays import HISTORY, history_arrays, history_json, history_of
from defect_workbench.storage.session.image_facts import measured_arrays, tools_json, with_observations
from defect_workbench.storage.session.inspection_arrays import (
    inspection_arrays,
    inspection_fields,
    inspection_of,
    pages_json,
    with_pages,
)
from defect_workbench.storage.session.item_arrays import (
    SEARCHED,
    item_arrays,
    searched_json,
    searched_of,
    with_origins,
)
from defect_workbench.storage.session.map_arrays import group_by_of, map_arrays, map_fields, maps_of
from defect_workbench.storage.session.note_fields import note_fields, notes_of
from defect_workbench.storage.session.ordinal_fields import group_fields, with_ordinals
from defect_workbench.storage.session.proposal_arrays import (
    LABELS,
    MOVED_IS_REVIEWED,
    proposal_arrays,
    proposal_of,
    with_moved_reviewed,
)
from defect_workbench.storage.session.session_checks import check_project
from defect_workbench.storage.session.table_reader import MEMBER, side_json, side_of_json
from defect_workbench.storage.session.view_fields import view_fields, views_of

# Since format 3 the block `shape` is called `outline`; format 4 is that of single defects, 5 that of pages.
FORMAT = 5
# Sessions of whole files can be read by earlier versions.
_WHOLE_FILES, _SINGLE_DEFECTS = 3, 4
_STATE = "state.json"
# Missing in sessions of earlier versions, which did not judge small groups.
_OUTLIER_GROUPS = "outlier_groups"
# As in sessions of earlier versions, which searched no whole pictures; the scores only where they are needed.
_OUTLIER_PICTURES, _PICTURE_SCORES = "outlier_pictures", "picture_scores"
# Only of a tree in two levels.
_MICRO_CLUSTERS = "micro_clusters"


def save_session(path: Path, project: Project) -> None:
    """Write a session atomically.

    Raises
    ------
    WorkbenchError
        If it cannot be written; an existing session is then unchanged.
    """
    try:
        _write(path, project)
    except OSError as error:
        raise WorkbenchError(
            f"the session {path} cannot be written: {why_not_written(error)}. An existing file is unchanged"
        ) from error


def _write(path: Path, project: Project) -> None:
    analysis = project.analysis
    arrays: dict[str, NDArray[Any]] = {
        "vectors": analysis.vectors,
        "outlier_scores": analysis.outlier_scores,
        "held": project.decisions.held,
        "follows": project.decisions.follows,
        **_result_arrays(analysis.result),
        **{f"block-{name}": block for name, block in analysis.blocks.items()},
        **measured_arrays(project.images.images),
        **proposal_arrays(project.proposal),
        **map_arrays(project.maps),
        **history_arrays(project.history),
        **found_defect_arrays(project.found),
        **item_arrays(project.images),
        **inspection_arrays(project.inspection),
    }
    if analysis.settings.outlier_groups:
        arrays[_OUTLIER_GROUPS] = analysis.outlier_groups
    if analysis.picture_scores is not None:
        arrays[_PICTURE_SCORES] = analysis.picture_scores
    state = {
        "format": _format(project.images),
        "root": str(project.images.root),
        "folders": list(project.images.folders),
        "images": [[i.path, i.sha256, i.width, i.height, i.note] for i in project.images.images],
        "tools": tools_json(project.images.images),
        "info_bars": [i.info_bar for i in project.images.images],
        "rejected": [[r.path, r.reason] for r in project.images.rejected],
        "settings": _settings_json(analysis.settings),
        "weights": analysis.weights.as_json(),
        "backbone": _backbone_json(analysis.backbone) if analysis.backbone else None,
        "features": dict(analysis.identity),
        "suggestions": [asdict(s) for s in analysis.suggestions],
        "clusters": project.clusters,
        LABELS: list(project.proposal.labels) if project.proposal is not None else None,
        MOVED_IS_REVIEWED: True,
        _OUTLIER_PICTURES: analysis.settings.outlier_pictures,
        **map_fields(analysis, project.maps),
        **group_fields(project),
        HISTORY: history_json(project.history),
        **note_fields(project.image_notes),
        **view_fields(project.views),
        **found_defect_fields(project.found),
        **inspection_fields(project.inspection),
        **pages_json(project.images),
    }
    if analysis.tree is not None and analysis.tree.micro_clusters:
        state[_MICRO_CLUSTERS] = analysis.tree.micro_clusters
    if project.images.are_defects:
        state[SEARCHED] = searched_json(project.images)
    with (
        replacing(path) as draft,
        zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        archive.writestr(fixed_entry(_STATE), json.dumps(state, indent=1, ensure_ascii=False))
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.save(stream, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(fixed_entry(f"{name}.npy"), stream.getvalue())
        if project.side is not None:
            archive.writestr(fixed_entry(MEMBER), side_json(project.side))


def _format(images: ImageSet) -> int:
    """Return the lowest format that can hold a set, so that earlier versions read what they can."""
    if images.has_pages or any(each.page for each in images.searched):
        return FORMAT
    return _SINGLE_DEFECTS if images.are_defects else _WHOLE_FILES


# Affinity propagation was the first method without a tree; the arrays keep its terms as names.
_LABELS, _REPRESENTATIVES, _TREE_OF_REPRESENTATIVES = "exemplar_labels", "exemplars", "exemplar_tree"


def _result_arrays(result: Tree | Flat) -> dict[str, NDArray[Any]]:
    if isinstance(result, Tree):
        return {"tree": result.merges}
    arrays: dict[str, NDArray[Any]] = {
        _LABELS: result.labels.astype(np.int64),
        _REPRESENTATIVES: result.representatives.astype(np.int64),
    }
    if result.tree_of_representatives is not None:
        arrays[_TREE_OF_REPRESENTATIVES] = result.tree_of_representatives.merges
    return arrays


def _result(arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> Tree | Flat:
    if "tree" in arrays:
        return Tree(arrays["tree"], int(state.get(_MICRO_CLUSTERS, 0)))
    return Flat(
        arrays[_LABELS].astype(np.intp),
        arrays[_REPRESENTATIVES].astype(np.intp),
        Tree(arrays[_TREE_OF_REPRESENTATIVES]) if _TREE_OF_REPRESENTATIVES in arrays else None,
    )


def _settings_json(settings: Settings) -> dict[str, Any]:
    """Return settings as JSON, with method parameters at the top level, as in all earlier formats."""
    state = {**asdict(settings), "weights": settings.weights.as_json() if settings.weights else None}
    del state["outlier_groups"]  # the array of the groups stands for it
    del state["outlier_pictures"]  # earlier versions take unknown settings for parameters
    if settings.items is Items.PICTURES:
        del state["items"]  # as in all earlier formats
    return {**state.pop("parameters"), **state}


def _backbone_json(backbone: BackboneInfo) -> dict[str, str]:
    """Return the fields of all earlier versions; `features`, the identity, names the description."""
    return {name: value for name, value in asdict(backbone).items() if name != "description"}


def _backbone(state: Mapping[str, Any]) -> BackboneInfo:
    return BackboneInfo(**state["backbone"], description=identity_description(state.get("features", {})))


def _settings(state: Mapping[str, Any], outlier_groups: bool, outlier_pictures: bool) -> Settings:
    values = dict(state)
    weights = values.pop("weights")
    return Settings(
        method=str(values.pop("method")),
        weights=BlockWeights.from_json(weights) if weights else None,
        seed=int(values.pop("seed")),
        # Format 1 had no preprocessing; info bars were not cropped.
        processing=Preprocessing(**values.pop("processing", {"info_bar": "off"})),
        # Earlier versions grouped by the whole picture only.
        group_by=GroupBy(values.pop("group_by", GroupBy.PICTURE)),
        reference=str(values.pop("reference", "")),
        clean=str(values.pop("clean", "")),
        items=Items(values.pop("items", Items.PICTURES)),
        clean_images=tuple(map(str, values.pop("clean_images", ()))),
        parameters=values,
        outlier_groups=outlier_groups,
        outlier_pictures=outlier_pictures,
    )


def load_session(path: Path) -> Project:
    """Read a session.

    Raises
    ------
    WorkbenchError
        If it cannot be read, is damaged, or was written by a newer version.
    """
    try:
        with open_regular(path) as stream, zipfile.ZipFile(stream) as archive:
            check_size(archive, os.fstat(stream.fileno()).st_size)
            state = json.loads(archive.read(_STATE))
            version = int(state["format"])
            if version < 1:
                raise InputError(f"its format is {version}, but formats start at 1")
            if version > FORMAT:
                raise WorkbenchError(
                    f"{path} was saved by a newer version (format {version}); update the program"
                )
            arrays = {
                name.removesuffix(".npy"): read_array(archive.read(name))
                for name in archive.namelist()
                if name.endswith(".npy")
            }
            side = archive.read(MEMBER) if MEMBER in archive.namelist() else None
        project = _project(state, arrays)
        check_project(project)
        project = with_ordinals(project, state)
        if side is not None:
            project = replace(project, side=side_of_json(side, len(project.images)))
    except InputError as error:
        raise WorkbenchError(f"the session {path} was not opened: {error}") from error
    except WorkbenchError:
        raise
    except FileNotFoundError as error:
        raise WorkbenchError(f"the session {path} does not exist") from error
    except NotRegularError as error:
        raise WorkbenchError(f"{path} is not a session file") from error
    except PermissionError as error:
        raise WorkbenchError(f"the session {path} cannot be read: {error.strerror}") from error
    except MemoryError as error:
        raise WorkbenchError(f"there is not enough memory to open the session {path}") from error
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        EOFError,
        zipfile.BadZipFile,
        NotImplementedError,
    ) as error:
        raise WorkbenchError(f"the session {path} is damaged; it was not changed") from error
    except Exception as error:  # zlib and struct errors on damaged archives
        raise WorkbenchError(f"the session {path} is damaged; it was not changed") from error
    return project


def _root(state: dict[str, Any]) -> Path:
    root = str(state["root"])
    if not root or "\0" in root:
        raise InputError("it names no folder of images")
    return Path(root)


def _folders(state: dict[str, Any]) -> tuple[str, ...]:
    folders = tuple(str(folder) for folder in state.get("folders", [""]))
    if not folders or any(folder and not is_inside(folder) for folder in folders):
        raise InputError("it names a folder outside its own")
    return folders


def _project(state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Project:
    images = with_observations(
        tuple(ImageRecord(str(p), str(s), int(w), int(h), str(n)) for p, s, w, h, n in state["images"]),
        state,
        arrays,
    )
    searched = searched_of(state)
    images = with_origins(images, searched, arrays) if searched else with_pages(images, state)
    rejected = tuple(Rejection(str(p), str(r)) for p, r in state["rejected"])
    analysis = Analysis(
        settings=_settings(
            state["settings"], _OUTLIER_GROUPS in arrays, state.get(_OUTLIER_PICTURES, False) is True
        ),
        weights=BlockWeights.from_json(state["weights"]),
        backbone=_backbone(state) if state["backbone"] else None,
        blocks=with_current_names(
            {k.removeprefix("block-"): v for k, v in arrays.items() if k.startswith("block-")}
        ),
        vectors=arrays["vectors"],
        outlier_scores=arrays["outlier_scores"],
        result=_result(arrays, state),
        suggestions=tuple(Suggestion(**s) for s in state["suggestions"]),
        identity=identity_with_current_names(state.get("features", {})),
        found_groups=arrays.get(_OUTLIER_GROUPS),
        picture_scores=arrays.get(_PICTURE_SCORES),
        group_by=group_by_of(state),
    )
    groups = {int(k): Group(**g) for k, g in state["groups"].items()}
    decisions = Decisions(arrays["held"], arrays["follows"], groups)
    proposal = proposal_of(state, arrays, len(images))
    if proposal is not None and not state.get(MOVED_IS_REVIEWED) and len(decisions.held) == len(images):
        proposal = with_moved_reviewed(proposal, decisions.held, groups)
    return Project(
        ImageSet(_root(state), images, rejected, _folders(state), searched),
        analysis,
        int(state["clusters"]),
        decisions,
        proposal=proposal,
        maps=maps_of(state, arrays, len(images)),
        history=history_of(state, arrays, len(images)),
        image_notes=notes_of(state, len(images)),
        found=found_defects_of(state, arrays, len(images)),
        views=views_of(state),
        inspection=inspection_of(state, arrays, len(images)),
    )
