"""Features of a folder, as `extract`, `cluster` and others begin."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from defect_workbench.commands.shared.common_options import (
    add_json,
    add_offline,
    add_precision,
    feature_options,
)
from defect_workbench.commands.shared.console import say
from defect_workbench.core.clustering.feature_blocks import BackboneInfo
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.instrument import scales
from defect_workbench.core.images.preprocessing_steps import BACKGROUNDS, DENOISES, Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.preprocessing.resize import SIZE
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import FeatureOptions

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction


def add_extraction(parser: argparse.ArgumentParser) -> None:
    """Options of whatever extracts features."""
    add_offline(parser)
    add_precision(parser)
    add_json(parser)
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


def parse_processing(args: argparse.Namespace) -> Preprocessing:
    """What is done to the images before their features are extracted.

    Raises
    ------
    InputError
        If an option makes no sense.
    """
    rows: int | str = args.info_bar
    if rows not in ("auto", "off"):
        try:
            rows = int(args.info_bar)
        except ValueError:
            raise InputError(f"--info-bar {args.info_bar}: give auto, off, or a number of rows") from None
    try:
        return Preprocessing(
            info_bar=rows,  # type: ignore[arg-type] # checked by the class
            denoise=args.denoise,
            background=args.background,
            rescale_nm=args.rescale,
        )
    except ValueError as error:
        raise InputError(str(error)) from None


def extraction_of(args: argparse.Namespace, places: UserDirs, reporter: Reporter) -> FeatureOptions:
    """How features are made, as the command line says; images of different scales are warned of."""
    return warning_of_scales(feature_options(args, places, parse_processing(args)), reporter)


def warning_of_scales(options: FeatureOptions, reporter: Reporter) -> FeatureOptions:
    """The same options; images of different scales are warned of as soon as their features are there."""
    return replace(
        options, on_extracted=lambda extraction, processing: _warn_of_scales(extraction, processing, reporter)
    )


def _warn_of_scales(extraction: Extraction, processing: Preprocessing, reporter: Reporter) -> None:
    """Warn of images of different scales, with how many there are of each."""
    images = extraction.images.images
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


def say_suggested(extraction: Extraction, processing: Preprocessing) -> None:
    """Print what the pictures ask for, if it is not what was done."""
    options = suggested_options(extraction.suggested, processing)
    if options:
        say(f"hint: {extraction.why}; worth a try: {options}")


def suggested_options(suggested: Preprocessing, processing: Preprocessing) -> str:
    """The options that would do what is suggested; empty where nothing else is."""
    options = []
    if suggested.background != processing.background:
        options.append(f"--background {suggested.background}")
    if suggested.denoise != processing.denoise:
        options.append(f"--denoise {suggested.denoise}")
    return " ".join(options)


def processing_json(extraction: Extraction, processing: Preprocessing) -> dict[str, object]:
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
