"""Features of a folder, as `extract`, `cluster` and others begin."""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.commands.shared.console import ConsoleReporter, say
from defect_workbench.core.clustering.feature_blocks import BackboneInfo
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.instrument import scales
from defect_workbench.core.images.preprocessing_steps import BACKGROUNDS, DENOISES, Processing
from defect_workbench.user_dirs import Places

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction
    from defect_workbench.engine.input.scan import Listing


def add_extraction(parser: argparse.ArgumentParser) -> None:
    """Options of whatever extracts features."""
    parser.add_argument("--offline", action="store_true", help="never fetch weights")
    parser.add_argument(
        "--precision", choices=["auto", "fp32", "bf16", "fp16"], default="auto", help="of the network"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument(
        "--info-bar",
        default="auto",
        metavar="auto|off|ROWS",
        help="at the bottom: found and left out (default), kept, or so many rows left out",
    )
    parser.add_argument("--denoise", choices=DENOISES, default="none", help="nlm: non-local means")
    parser.add_argument("--background", choices=BACKGROUNDS, default="none", help="what is taken off")
    parser.add_argument(
        "--rescale",
        type=float,
        metavar="NM",
        help="bring pictures of known pixel size to so many nm a pixel; their middle 224 x 224 pixels count",
    )


def parse_processing(args: argparse.Namespace) -> Processing:
    """What is done to the pictures first: `args.processing`, where a session or a model says it.

    Raises
    ------
    InputError
        If an option makes no sense.
    """
    given: Processing | None = getattr(args, "processing", None)
    if given is not None:
        return given
    rows: int | str = args.info_bar
    if rows not in ("auto", "off"):
        try:
            rows = int(args.info_bar)
        except ValueError:
            raise InputError(f"--info-bar {args.info_bar}: give auto, off, or a number of rows") from None
    try:
        return Processing(
            info_bar=rows,  # type: ignore[arg-type] # checked by the class
            denoise=args.denoise,
            background=args.background,
            rescale_nm=args.rescale,
        )
    except ValueError as error:
        raise InputError(str(error)) from None


def run_extraction(
    args: argparse.Namespace, places: Places, reporter: ConsoleReporter
) -> tuple[Extraction, float]:
    """The features of args.folder, and the seconds its scan took."""
    from defect_workbench.engine.input.scan import scan

    parse_processing(args)
    started = time.perf_counter()
    listing = scan(Path(os.path.abspath(args.folder)), reporter)
    scanning = time.perf_counter() - started
    return run_listing(listing, args, places, reporter), scanning


def run_listing(
    listing: Listing, args: argparse.Namespace, places: Places, reporter: ConsoleReporter
) -> Extraction:
    """The features of what a scan found."""
    from defect_workbench.engine.backbone.pretrained import WeightsLibrary
    from defect_workbench.engine.extraction.extractor import extract
    from defect_workbench.storage.vectors.feature_store import FeatureStore

    precision = None
    if args.precision != "auto":
        from defect_workbench.engine.backbone.network import Precision

        precision = Precision(args.precision)
    processing = parse_processing(args)
    store = FeatureStore(args.store)
    if not listing.files and not listing.rejected:
        raise InputError(f"there is no image in {args.folder}")
    extraction = extract(
        listing,
        store,
        WeightsLibrary(places.weights),
        reporter,
        offline=args.offline,
        precision=precision,
        processing=processing,
    )
    if not len(extraction.images):
        first = extraction.images.rejected[0]
        raise InputError(
            f"none of the {len(extraction.images.rejected)} files in {args.folder} can be used; "
            f"the first, {first.path}: {first.reason}"
        )
    say_scales(extraction, processing, reporter)
    return extraction


def say_scales(extraction: Extraction, processing: Processing, reporter: ConsoleReporter) -> None:
    """Warn of pictures of different scales, with how many there are of each."""
    images = extraction.images.images
    from defect_workbench.engine.preprocessing.resize import SIZE

    found = scales(image.tool for image in images)
    if processing.rescale_nm is not None:
        unknown = sum(1 for image in images if image.tool is None or image.tool.pixel_size_nm is None)
        if unknown:
            reporter.warn(
                f"{unknown:,} of {len(images):,} images have no known pixel size; they were not rescaled"
            )
    elif found.mixed:
        advice = ""
        if found.kind == "pixel size":
            widest = max(i.width * i.tool.pixel_size_nm for i in images if i.tool and i.tool.pixel_size_nm)
            advice = f"; --rescale {widest / SIZE:.3g} would show all of them at one scale, nothing cut off"
        reporter.warn(
            "\n  ".join([f"the images have different scales ({found.kind}){advice}:", *found.lines()])
        )


def say_suggested(extraction: Extraction, processing: Processing) -> None:
    """Print what the pictures ask for, if it is not what was done."""
    options = suggested_options(extraction.suggested, processing)
    if options:
        say(f"hint: {extraction.why}; worth a try: {options}")


def suggested_options(suggested: Processing, processing: Processing) -> str:
    """The options that would do what is suggested; empty where nothing else is."""
    options = []
    if suggested.background != processing.background:
        options.append(f"--background {suggested.background}")
    if suggested.denoise != processing.denoise:
        options.append(f"--denoise {suggested.denoise}")
    return " ".join(options)


def processing_json(extraction: Extraction, processing: Processing) -> dict[str, object]:
    """What was done to the pictures, and what they ask for, as the JSON output has it."""
    return {
        "processing": processing.identity(),
        "suggested_processing": {**extraction.suggested.identity(), "why": extraction.why},
        "info_bars": sum(1 for image in extraction.images.images if image.info_bar),
        "scales": asdict(scales(image.tool for image in extraction.images.images)),
    }


def rate(extraction: Extraction) -> float | None:
    """Images newly extracted a second; None if none was new."""
    if not extraction.computed:
        return None
    return round(extraction.computed / max(extraction.seconds, 1e-9), 2)


def say_rejected(extraction: Extraction) -> None:
    """Print how many files were not used, and the first reason."""
    rejected = extraction.images.rejected
    if rejected:
        say(f"{len(rejected):,} files not used; the first, {rejected[0].path}: {rejected[0].reason}")


def backbone_json(backbone: BackboneInfo | None) -> dict[str, str] | None:
    """The network as the JSON output has it."""
    return None if backbone is None else asdict(backbone)
