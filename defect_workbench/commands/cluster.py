"""`cluster`: group the images of a folder and export the clusters."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.commands.shared.common_options import Commands, add_seed, add_store, check_seed
from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.commands.shared.extraction_options import (
    add_extraction,
    backbone_json,
    extraction_of,
    parse_preprocessing,
    preprocessing_json,
    print_rejected,
    print_suggestion,
    rate,
)
from defect_workbench.commands.shared.map_options import (
    add_map_options,
    map_json,
    print_group_by,
    print_items,
    with_map_settings,
)
from defect_workbench.commands.shared.method_options import add_method_options, method_parameters
from defect_workbench.commands.shared.result_options import (
    add_export_options,
    add_side_options,
    export_options_of,
    placement_json,
    plan_json,
    print_placement,
    print_plan,
    print_side,
    side_json,
    side_table,
    write_or_plan,
)
from defect_workbench.commands.shared.source_options import add_source, source_of
from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.clustering.feature_blocks import FORMER_NAMES, BlockWeights, current_name
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.core.wafer.placement import PlacementFinding
from defect_workbench.engine.clustering.registry import METHODS
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.storage.result.image_placing import check_mode_of
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.detection.describe_set import check_items
from defect_workbench.workflows.export import analysis_of_result, check_items_of_result, check_out
from defect_workbench.workflows.open_project import OpenRequest, open_folder
from defect_workbench.workflows.side_table import join_side_table
from defect_workbench.workflows.wafer.placement_tables import placement_of

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction
    from defect_workbench.storage.result.result_folder import Plan


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    cluster = commands.add_parser("cluster", help="group a folder of images and export labelled folders")
    add_source(cluster)
    cluster.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="result folder: new or empty, or an earlier export with --add",
    )
    add_method_options(cluster)
    cluster.add_argument(
        "--cut",
        metavar="auto|K|height:H",
        help="where to cut the tree: at the best suggested cut (auto, the default), into K clusters, or at "
        "merge height H",
    )
    cluster.add_argument(
        "--weight",
        action="append",
        default=[],
        metavar="auto|NAME=W",
        help=f"weight of a feature block ({', '.join(BLOCKS.names)}); repeatable; default: auto",
    )
    add_map_options(cluster)
    add_seed(cluster, "all random numbers")
    add_extraction(cluster)
    add_store(cluster, places.store)
    add_export_options(cluster, confirmed=False)
    add_side_options(cluster)
    cluster.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Extract features, group the images and export the clusters."""
    settings = _settings(args)
    cut = _parse_cut(args)
    export_options = export_options_of(args, settings.seed)
    _check_items(settings, args)
    check_out(args.out, add=args.add, store=args.store)
    # Read first, so that a table that cannot be read fails before the long work.
    table = side_table(args)
    features = extraction_of(args, places, reporter)
    if args.add:
        check_items_of_result(args.out, settings.items)
        earlier = analysis_of_result(args.out)
        features = features if earlier is None else features.as_described_by(earlier)
    source = source_of(args)
    request = OpenRequest(
        source.path,
        features,
        settings,
        cut,
        klarf=source.klarf,
        choice=source.choice,
        mode=Mode.COPY if args.add else Mode(args.mode),
    )
    opened = open_folder(request, reporter)
    project, extraction = opened.project, opened.extraction
    assert extraction is not None
    if table is not None:
        project = join_side_table(project, table, args.name_column, args.category)

    started = time.perf_counter()
    placement = placement_of(project, reporter)
    plan = write_or_plan(project, export_options, args, reporter, placement=placement)
    exporting = time.perf_counter() - started
    reporter.close()

    if args.json:
        seconds = {**opened.seconds, "export": exporting}
        print_json(_summary(project, extraction, plan, placement, seconds))
        return 0
    print_items(project)
    print_plan(project, plan, dry=args.dry_run, add=args.add)
    print_group_by(project, maps=args.maps)
    _print_analysis(project)
    print_placement(placement)
    print_side(project)
    print_rejected(extraction)
    print_suggestion(extraction, project.analysis.group_by.chosen)
    return 0


def _summary(
    project: Project,
    extraction: Extraction,
    plan: Plan,
    placement: Sequence[PlacementFinding],
    seconds: dict[str, float],
) -> dict[str, object]:
    analysis = project.analysis
    return {
        "images": len(project.images),
        "items": str(analysis.settings.items),
        "searched_images": len(project.images.searched),
        "clean_images": sum(not each.defects for each in project.images.searched),
        "rejected": len(project.images.rejected),
        "clusters": len(project.partition.clusters),
        "outliers": len(project.partition.outliers),
        "outlier_groups": project.partition.outlier_group_count,
        "cut_height": project.cut_height,
        "micro_clusters": analysis.tree.micro_clusters if analysis.tree is not None else 0,
        "weights": weights_json(analysis.weights),
        "suggested_cuts": [asdict(suggestion) for suggestion in analysis.suggestions],
        "backbone": backbone_json(analysis.backbone),
        "precision": analysis.backbone.precision if analysis.backbone else None,
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "images_per_second": rate(extraction),
        **plan_json(plan),
        "placement": placement_json(placement),
        "side_data": side_json(project),
        **map_json(project),
        **preprocessing_json(extraction, analysis.group_by.chosen),
    }


def _check_items(settings: Settings, args: argparse.Namespace) -> None:
    """Check, before the work, that what is to be grouped fits the other options."""
    check_items(settings)
    if settings.items is not Items.DEFECTS:
        return
    check_mode_of(settings.items, Mode(args.mode))
    if args.maps:
        raise InputError("--maps: there are no defect maps of single defects; leave out --maps or --items")


def weights_json(weights: BlockWeights) -> dict[str, float | str]:
    """Return the weight of each block, and that of the outline also under its former name for old scripts."""
    former = {name: weights.share(block) for name, block in FORMER_NAMES.items()}
    return {**weights.as_json(), **former}


def _weights_words(analysis: Analysis) -> str:
    """Return the block weights with their reason; the one for what images are grouped by is printed above."""
    shares = ", ".join(f"{name} {share:.2g}" for name, share in analysis.weights.shares.items() if share)
    why, grouped_by = analysis.weights.why, analysis.group_by.why
    reason = "" if why == grouped_by else why.removeprefix(f"{grouped_by}; ")
    return f"{shares}: {reason}" if reason else shares


def _print_analysis(project: Project) -> None:
    print_text(f"block weights: {_weights_words(project.analysis)}")
    if project.analysis.tree is not None and project.analysis.tree.levels:
        print_text(project.analysis.tree.levels)
    for suggestion in project.analysis.suggestions:
        print_text(
            f"suggested cut: {counted(suggestion.clusters, 'cluster')}, "
            f"{counted(suggestion.singletons, 'singleton')}: {suggestion.why}"
        )


def _settings(args: argparse.Namespace) -> Settings:
    method = METHODS[args.method]
    given = method_parameters(args, method)
    if not method.builds_tree and args.cut not in (None, "auto"):
        raise InputError(f"--cut {args.cut}: {method.label.lower()} has no tree to cut; leave out --cut")
    check_seed(args.seed)
    settings = Settings(
        method=method.name,
        parameters=given,
        weights=_parse_weights(args.weight),
        seed=args.seed,
        processing=parse_preprocessing(args),
    )
    return with_map_settings(settings, args)


def _parse_weights(given: Sequence[str]) -> BlockWeights | None:
    from defect_workbench.engine.clustering.group import manual_weights

    if not given or list(given) == ["auto"]:
        return None
    weights: dict[str, float] = {}
    for item in given:
        given_name, _, value = item.partition("=")
        name = current_name(given_name)
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if name not in BLOCKS or not 0 <= number < 1e6:
            raise InputError(
                f"--weight {item}: give NAME=W, where NAME is one of "
                f"{', '.join(BLOCKS.names)} and W is 0 or more, or only auto"
            )
        weights[name] = number
    chosen = manual_weights(weights)
    if not any(chosen.shares.values()):
        raise InputError("--weight: all blocks have weight 0; give at least one a higher weight")
    return chosen


def _parse_cut(args: argparse.Namespace) -> int | float | None:
    """Return a number of clusters (int), a merge height (float), or None for the best suggested cut."""
    text = args.cut or "auto"
    if text == "auto":
        return None
    try:
        if text.startswith("height:"):
            height = float(text.removeprefix("height:"))
            if 0 <= height < math.inf:
                return height
        else:
            clusters = int(text)
            if clusters >= 1:
                return clusters
    except ValueError:
        pass
    raise InputError(f"--cut {text}: give auto, a number of clusters, or height:H, where H is 0 or more")
