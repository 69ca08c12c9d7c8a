"""`replay`: the whole job of a session once more, from the folder."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from defect_workbench.commands.shared.console import ConsoleReporter, say, say_json
from defect_workbench.commands.shared.extraction_options import run_listing
from defect_workbench.commands.shared.result_options import check_out
from defect_workbench.commands.shared.seed import Commands
from defect_workbench.core.errors import Remedy, WorkbenchError, concerning
from defect_workbench.core.project.folder_changes import differences
from defect_workbench.core.project.project_state import Project
from defect_workbench.user_dirs import Places


def add(commands: Commands, places: Places) -> None:
    """Its options."""
    replay = commands.add_parser("replay", help="a session's whole job once more, with the same manifest")
    replay.add_argument("session", type=Path, metavar="SESSION")
    replay.add_argument("--out", type=Path, required=True, metavar="DIR", help="absent or empty")
    replay.add_argument("--folder", type=Path, metavar="FOLDER", help="where the images are now")
    replay.add_argument(
        "--store", type=Path, metavar="DIR", default=places.store, help="feature store to use"
    )
    replay.add_argument("--offline", action="store_true", help="never fetch weights")
    replay.add_argument("--json", action="store_true", help="one JSON object on standard output")
    replay.set_defaults(run=run)


def run(args: argparse.Namespace, places: Places, reporter: ConsoleReporter) -> int:
    """Scan, extract, analyse, apply the decisions, compare, and write."""
    from defect_workbench.core.result_files import RECEIPT
    from defect_workbench.engine.clustering.group import analyse
    from defect_workbench.engine.features.identity import differences as feature_differences
    from defect_workbench.engine.input.scan import scan_set
    from defect_workbench.engine.input.thumbnail import thumbnail
    from defect_workbench.storage.result.export_options import Mode, Profile, lay_out
    from defect_workbench.storage.result.manifest import manifest_text, rows
    from defect_workbench.storage.result.receipt import read_receipt
    from defect_workbench.storage.result.result_folder import export
    from defect_workbench.storage.session.session_file import load_session
    from defect_workbench.workflows.run_info import report_facts, report_tables

    with concerning(args.session):
        session = load_session(args.session)
    check_out(args.out, add=False, store=args.store)
    profile, mode = Profile(), Mode.COPY
    if (args.session.parent / RECEIPT).is_file():
        receipt = read_receipt(args.session.parent)
        profile, mode = receipt.profile, receipt.mode
    _check_weights(session, places, args, reporter)
    backbone = session.analysis.backbone
    args.folder = args.folder or session.images.root
    args.precision = backbone.precision if backbone else "auto"
    args.processing = session.analysis.settings.processing
    if backbone is None:
        args.offline, places = True, _without_weights(places)
    listing = scan_set(session.images, Path(os.path.abspath(args.folder)), reporter)
    extraction = run_listing(listing, args, places, reporter)
    reporter.close()
    changed = differences(session.images, extraction.images)
    if changed:
        raise WorkbenchError(
            f"{args.folder} is not as it was when the session was made; nothing was written. "
            + "; ".join(changed)
        )
    analysis = analyse(extraction.features, session.analysis.settings, reporter)
    images = replace(extraction.images, folders=session.images.folders)
    project = replace(session, images=images, analysis=analysis)
    before = manifest_text(lay_out(session, rows(session), profile).rows)
    after = manifest_text(lay_out(project, rows(project), profile).rows)
    if before != after:
        pairs = zip(before.splitlines(), after.splitlines(), strict=False)
        count = sum(one != other for one, other in pairs)
        versions = feature_differences(session.analysis.identity, analysis.identity)
        why = "; ".join(versions) or (
            "other versions of the program or its packages, or another processor, gave other numbers"
        )
        raise WorkbenchError(
            f"the images are the same, but the manifest differs ({count:,} rows): {why}. Nothing was written"
        )
    plan = export(
        project,
        args.out,
        mode,
        report_facts(project),
        thumbnail,
        reporter,
        profile=profile,
        tables=report_tables(project),
    )
    reporter.close()
    if args.json:
        result = {"images": len(project.images), "identical": True, "out": str(plan.out)}
        say_json(result)
        return 0
    say(f"{len(project.images):,} images, the same manifest again, written to {plan.out}")
    return 0


def _check_weights(
    session: Project, places: Places, args: argparse.Namespace, reporter: ConsoleReporter
) -> None:
    """The weights in use must be those of the session."""
    from defect_workbench.engine.backbone.pretrained import WeightsLibrary

    backbone = session.analysis.backbone
    if backbone is None:
        return
    library = WeightsLibrary(places.weights)
    info = library.info()
    if info is None and not args.offline:
        library.obtain(reporter, offline=False)
        info = library.info()
    if info is None or info.sha256 != backbone.sha256:
        used = f"{info.name}, {info.sha256[:16]}…" if info else "none"
        raise WorkbenchError(
            f"the session was made with the weights {backbone.weights}, {backbone.sha256[:16]}…; "
            f"in use are {used}",
            Remedy.MATCHING_WEIGHTS,
        )


def _without_weights(places: Places) -> Places:
    """Places where no weights are: the session was made without any."""
    return replace(places, weights=places.weights / "none")
