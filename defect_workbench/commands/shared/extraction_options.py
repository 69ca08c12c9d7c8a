"""Options for extracting features, and the output about them."""

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
from defect_workbench.commands.shared.console import print_text
from defect_workbench.core.clustering.feature_blocks import BackboneInfo
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.instrument import scales
from defect_workbench.core.images.preprocessing_steps import BACKGROUNDS, DENOISES, Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import counted
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import FeatureOptions

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction


def add_extraction(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that extract features."""
    add_offline(parser)
    add_precision(parser)
    add_json(parser)
    parser.add_argument(
        "--info-bar",
        default="auto",
        metavar="auto|off|ROWS",
        help="info bar at the bottom of the images: auto (the default) detects and crops it, off keeps it, "
        "ROWS crops that many rows",
    )
    parser.add_argument(
        "--denoise",
        choices=DENOISES,
        default="none",
        help="noise filter: 3 x 3 median or non-local means (nlm); default: none",
    )
    parser.add_argument(
        "--background",
        choices=BACKGROUNDS,
        default="none",
        help="background to subtract: the large-scale median, a plane, or a periodic pattern; default: none",
    )
    parser.add_argument(
        "--rescale",
        type=float,
        metavar="NM",
        help="resample images of known pixel size to NM nm per pixel; features are then computed from the "
        "central 224 x 224 pixels",
    )


def parse_preprocessing(args: argparse.Namespace) -> Preprocessing:
    """Return the preprocessing that the options describe.

    Raises
    ------
    InputError
        If the value of an option is not valid.
    """
    rows: int | str = args.info_bar
    if rows not in ("auto", "off"):
        try:
            rows = int(args.info_bar)
        except ValueError:
            raise InputError(f"--info-bar {args.info_bar}: give auto, off, or a number of rows") from None
    option = "--info-bar"
    try:
        processing = Preprocessing(
            info_bar=rows,  # type: ignore[arg-type] # checked by the class
            denoise=args.denoise,
            background=args.background,
        )
        option = "--rescale"
        return replace(processing, rescale_nm=args.rescale)
    except ValueError as error:
        raise InputError(f"{option}: {error}") from None


def extraction_of(args: argparse.Namespace, places: UserDirs, reporter: Reporter) -> FeatureOptions:
    """Return the feature options of the command line; extraction warns about images of different scales."""
    return with_scale_warning(feature_options(args, places, parse_preprocessing(args)), reporter)


def with_scale_warning(options: FeatureOptions, reporter: Reporter) -> FeatureOptions:
    """Return the options with a warning about images of different scales, given once they are extracted."""
    return options.with_scale_warning("--rescale {:.3g}", reporter)


def print_suggestion(extraction: Extraction, grouped_by: GroupBy) -> None:
    """Print the recommended preprocessing if it differs from what was done."""
    suggested, why = extraction.suggestion(grouped_by)
    options = suggested_options(suggested, extraction.processing)
    if options:
        print_text(f"hint: {why}; try {options}")


def suggested_options(suggested: Preprocessing, processing: Preprocessing) -> str:
    """Return the options for the suggested preprocessing; empty if it is what was done."""
    options = []
    if suggested.background != processing.background:
        options.append(f"--background {suggested.background}")
    if suggested.denoise != processing.denoise:
        options.append(f"--denoise {suggested.denoise}")
    return " ".join(options)


def preprocessing_json(extraction: Extraction, grouped_by: GroupBy) -> dict[str, object]:
    """Return the preprocessing, the suggested preprocessing and the scales for the JSON output."""
    suggested, why = extraction.suggestion(grouped_by)
    return {
        "processing": extraction.processing.identity(),
        "suggested_processing": {**suggested.identity(), "why": why},
        "info_bars": sum(1 for image in extraction.images.images if image.info_bar),
        "scales": asdict(scales(image.tool for image in extraction.images.images)),
    }


def rate(extraction: Extraction) -> float | None:
    """Return the images extracted per second; None if all were in the feature store."""
    if not extraction.computed:
        return None
    return round(extraction.computed / max(extraction.seconds, 1e-9), 2)


def print_rejected(extraction: Extraction) -> None:
    """Print how many files were rejected, and the first one with its reason."""
    rejected = extraction.images.rejected
    if rejected:
        print_text(
            f"{counted(len(rejected), 'file')} rejected; first: {rejected[0].path}: {rejected[0].reason}"
        )


def backbone_json(backbone: BackboneInfo | None) -> dict[str, str] | None:
    """Return the network for the JSON output."""
    return None if backbone is None else asdict(backbone)
