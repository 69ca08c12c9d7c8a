"""The features of images, as the first step of a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from defect_workbench.core.arrays import Vectors
from defect_workbench.core.clustering.feature_blocks import BackboneInfo
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.parameters import Choice
from defect_workbench.core.text import counted
from defect_workbench.engine.backbone.network import Precision
from defect_workbench.notebook.given_images import GivenImages, Images, PathLike, given_images
from defect_workbench.notebook.notebook_jobs import NotebookReporter, job
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import FeatureOptions, extract_listing

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction

_WEIGHTS = Choice("weights", "weights", "", "auto", (("auto", ""), ("offline", "")))
_PRECISIONS = Choice("precision", "precision", "", "auto", tuple((p, "") for p in ("auto", *Precision)))


@dataclass(frozen=True, eq=False, repr=False)
class Features:
    """The features of an image set, as `extract` returns them. All rows are in the order of `paths`."""

    _given: GivenImages
    _extraction: Extraction
    _options: FeatureOptions

    @property
    def paths(self) -> tuple[str, ...]:
        """The path of each of the n images, relative to `folder`, in the order of the alphabet."""
        return self._extraction.images.paths

    @property
    def folder(self) -> Path:
        """The folder that contains the images."""
        return self._extraction.images.root

    @property
    def blocks(self) -> Mapping[str, Vectors]:
        """The (n, d) float32 vectors of each feature block: `deep`, `haralick`, `zernike`, `outline`.

        They are as computed: neither normalised nor weighted. `deep` is missing without network weights.
        """
        return self._extraction.features.blocks

    @property
    def backbone(self) -> BackboneInfo | None:
        """The network behind the block `deep`; None if there were no weights."""
        return self._extraction.features.backbone

    @property
    def rejected(self) -> Mapping[str, str]:
        """The files that look like images and were not used, with the reason of each."""
        return {each.path: each.reason for each in self._extraction.images.rejected}

    @property
    def computed(self) -> int:
        """The number of images whose features were not in the feature store."""
        return self._extraction.computed

    def __len__(self) -> int:
        return len(self._extraction.images)

    def __repr__(self) -> str:
        blocks = ", ".join(f"{name} {block.shape[1]}" for name, block in self.blocks.items())
        rejected = f"; {counted(len(self.rejected), 'file')} rejected" if self.rejected else ""
        return f"<Features of {len(self):,} images in {self.folder}: {blocks}{rejected}>"


def extract(
    images: Images,
    *,
    store: PathLike | None = None,
    weights: str = "auto",
    precision: str = "auto",
    info_bar: str | int = "auto",
    denoise: str = "none",
    background: str = "none",
    rescale_nm: float | None = None,
    klarf: bool = False,
    progress: bool | None = None,
) -> Features:
    """Extract the features of images, as `defect-workbench extract` does.

    Parameters
    ----------
    images : path, sequence of paths, or sequence of arrays
        A folder with all its subfolders, an inspection file (KLARF), or image files. Or arrays of shape
        (height, width) or (height, width, 3), also stacked to one: uint8 is used as it is; other types are
        scaled to 8 bits between the 0.1th and the 99.9th percentile of each image, as 16-bit files are.
        Arrays are kept as files in a temporary folder for as long as the result exists.
    store : path, optional
        Feature store, which is searched first and added to; default: that of the user, as on the command
        line. For arrays, the default is a temporary one.
    weights : {"auto", "offline"}
        Whether missing network weights may be downloaded. Without weights, a `WorkbenchWarning` says that the
        block `deep` is left out.
    precision : {"auto", "fp32", "bf16", "fp16"}
        Of the network; "auto" is the fastest that the machine supports natively.
    info_bar : {"auto", "off"} or int
        Detect and crop the info bar, keep it, or crop this many rows at the bottom.
    denoise : {"none", "median", "nlm"}
    background : {"none", "median", "plane", "periodic"}
        The background to subtract.
    rescale_nm : float, optional
        Resample images of known pixel size to this many nm per pixel.
    klarf : bool
        Whether the folder contains inspection files, whose images are to be used.
    progress : bool, optional
        Whether to show progress; default: in a terminal or a notebook.

    Returns
    -------
    Features

    Raises
    ------
    InputError
        If an argument is not one of these, or none of the images can be used.
    WorkbenchError
        If the feature store cannot be used.

    Examples
    --------
    >>> features = extract("lot 4711")
    >>> features.blocks["haralick"].shape
    (1360, 26)
    """
    with job(progress) as reporter:
        processing = preprocessing(info_bar, denoise, background, rescale_nm)
        options = feature_options(store, weights, precision, processing)
        given = given_images(images, reporter, klarf=klarf)
        return extracted(given, options, reporter, own_store=store is None)


def extracted(
    given: GivenImages, options: FeatureOptions, reporter: NotebookReporter, *, own_store: bool
) -> Features:
    """Extract the features of listed images.

    Parameters
    ----------
    own_store : bool
        Whether images of arrays get a temporary store, so that the user's is not filled with them.
    """
    if own_store and given.temporary is not None:
        options = options.with_store(given.temporary.folder / "features")
    options = options.with_scale_warning("rescale_nm={:.3g}", reporter)
    extraction = extract_listing(given.listed.listing, options, reporter)
    return Features(given, extraction, replace(options, on_extracted=None))


def preprocessing(
    info_bar: str | int, denoise: str, background: str, rescale_nm: float | None
) -> Preprocessing:
    """Return the preprocessing.

    Raises
    ------
    InputError
        If a value is not possible.
    """
    given: dict[str, Any] = {"info_bar": info_bar, "denoise": denoise, "background": background}
    try:
        return Preprocessing(**given, rescale_nm=rescale_nm)
    except (ValueError, TypeError) as error:
        raise InputError(str(error)) from None


def feature_options(
    store: PathLike | None, weights: str, precision: str, processing: Preprocessing
) -> FeatureOptions:
    """Return the options of an extraction.

    Raises
    ------
    InputError
        If a value is not possible.
    """
    offline = _WEIGHTS.checked(weights) == "offline"
    options = FeatureOptions.at(UserDirs.of_user(), offline=offline, processing=processing)
    if store is not None:
        options = options.with_store(Path(store).expanduser())
    checked = _PRECISIONS.checked(precision)
    return options if checked == "auto" else replace(options, precision=checked)
