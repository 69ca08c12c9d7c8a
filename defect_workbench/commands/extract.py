"""`extract`: extract features into a feature store."""

from __future__ import annotations

import argparse

from defect_workbench.commands.shared.cluster_options import add_cluster, cluster_of, workers_json
from defect_workbench.commands.shared.common_options import Commands, add_store
from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.commands.shared.extraction_options import (
    add_extraction,
    backbone_json,
    extraction_of,
    preprocessing_json,
    print_rejected,
    print_suggestion,
    rate,
)
from defect_workbench.commands.shared.source_options import add_source, source_of
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.text import counted
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import extract_folder

# What images will be grouped by is not known yet; what helps the picture and its defect suits all.
_FOR_ANY_GROUPING = GroupBy.BOTH


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    extract = commands.add_parser("extract", help="extract features into a feature store, without grouping")
    add_source(extract)
    add_store(extract, None)
    add_extraction(extract)
    add_cluster(extract)
    extract.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Extract the features and print a summary."""
    options = extraction_of(args, places, reporter)
    cluster, workers = cluster_of(args), {}
    if cluster is None:
        extracted = extract_folder(source_of(args), options, reporter)
    else:
        from defect_workbench.workflows.distributed.cluster_extraction import extract_on_cluster

        on_cluster = extract_on_cluster(source_of(args), options, cluster, reporter)
        extracted, workers = on_cluster.extracted, {"workers": workers_json(on_cluster)}
    extraction = extracted.extraction
    reporter.close()
    result = {
        "images": len(extraction.images),
        "rejected": len(extraction.images.rejected),
        "computed": extraction.computed,
        "store": str(args.store),
        "backbone": backbone_json(extraction.features.backbone),
        "seconds": {"scan": round(extracted.scan_seconds, 3), "extract": round(extraction.seconds, 3)},
        "images_per_second": rate(extraction),
        **preprocessing_json(extraction, _FOR_ANY_GROUPING),
        **workers,
    }
    if args.json:
        print_json(result)
        return 0
    print_text(
        f"{counted(len(extraction.images), 'image')} in {args.store}, {extraction.computed:,} of them new"
    )
    print_rejected(extraction)
    print_suggestion(extraction, _FOR_ANY_GROUPING)
    return 0
