"""One page per cluster, for slides, reports and the clipboard: typical images, count, measurements, note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.clustering_result import NO_GROUP
from defect_workbench.core.images.lengths import SHARE, scale_bar, size_words, surface_words
from defect_workbench.core.images.measurements import Measurements
from defect_workbench.core.project.class_library import ClassLibrary
from defect_workbench.core.project.decisions import Cluster
from defect_workbench.core.project.palette import NEUTRAL, colour, colour_numbers, node_colours
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted, printable
from defect_workbench.storage.report.measurement_table import cluster_medians
from defect_workbench.storage.report.report_content import Thumbnail

TYPICAL = 6
OUTLIERS = 12
_NO_CLASSES = ClassLibrary()


@dataclass(frozen=True, eq=False)
class PageImage:
    """An image of a page.

    Attributes
    ----------
    name : str
        The file name, without control characters.
    picture : PIL.Image.Image or None
        Grey or RGB, without the info bar if a scale bar replaces it; None if the file cannot be read.
    bar : (float, str) or None
        Length of the scale bar as a share of the picture's width, and its label; None if the pixel size is
        unknown.
    detail : str
        What else to say about the image.
    """

    name: str
    picture: Image.Image | None
    bar: tuple[float, str] | None
    detail: str = ""


@dataclass(frozen=True, eq=False)
class ClusterPage:
    """What a page says about a cluster, or about the outliers.

    Attributes
    ----------
    colour : str
        Of the cluster, as #RRGGBB.
    images : int
        The number of its images.
    words : tuple of str
        What else there is to say in a line: the share of all images, and what was decided.
    measurements : tuple of (str, str)
        Names and values; empty if nothing was measured.
    definition : str
        What the class library says about the class of this name; may be empty.
    note : str
        What the user wrote about the cluster.
    pictures : tuple of PageImage
        Typical images, from the medoid outwards.
    noun : str
        What one of its images is called.
    """

    title: str
    colour: str
    images: int
    words: tuple[str, ...]
    measurements: tuple[tuple[str, str], ...]
    definition: str
    note: str
    pictures: tuple[PageImage, ...]
    noun: str = "image"


class PageMaker:
    """Makes the pages of a project.

    Parameters
    ----------
    thumbnail : callable
        Returns grey or RGB pixels of an image file, at most as large as the given side, or None.
    side : int
        Longest side of the pictures, in pixels.
    classes : ClassLibrary
        Where the definitions are.
    """

    def __init__(
        self, project: Project, thumbnail: Thumbnail, side: int, classes: ClassLibrary = _NO_CLASSES
    ) -> None:
        self._classes = classes
        self._project, self._thumbnail, self._side = project, thumbnail, side
        tree = project.analysis.tree
        self._colours = colour_numbers(project.partition, None if tree is None else node_colours(tree))
        self._medians = cluster_medians(project)

    def colour(self, cluster: Cluster) -> str:
        """Return the colour of a cluster, as #RRGGBB."""
        return colour(self._colours[cluster.key])

    def of_cluster(self, number: int, pictures: int = TYPICAL) -> ClusterPage:
        """Return the page of a cluster, by its index in the partition."""
        cluster = self._project.partition.clusters[number]
        group, known = cluster.group, self._classes.find(cluster.label)
        _, middle, shown = self._medians[number]
        words = [self._share(len(cluster.members))]
        if group is not None and group.confirmed:
            words.append("confirmed")
        if group is not None and group.nuisance:
            words.append("nuisance")
        return ClusterPage(
            printable(cluster.label),
            self.colour(cluster),
            len(cluster.members),
            tuple(words),
            () if middle is None else _measurements(middle, shown, len(cluster.members)),
            "" if known is None else printable(known.definition, keep="\n"),
            "" if group is None else printable(group.note, keep="\n"),
            self._pictures(cluster.members[:pictures]),
            self._project.images.noun,
        )

    def of_outliers(self, pictures: int = OUTLIERS) -> ClusterPage:
        """Return the page of the outliers, highest score first."""
        partition = self._project.partition
        groups = partition.outlier_group_count
        words = [self._share(len(partition.outliers)), "highest score first"]
        if groups:
            grouped = int((partition.outlier_groups != NO_GROUP).sum())
            words.append(f"{grouped:,} of them in {counted(groups, 'outlier group')}")
        scores = self._project.analysis.outlier_scores
        shown = partition.outliers[:pictures]
        details = [f"score {scores[i]:.3g}" for i in shown.tolist()]
        pictures_shown = self._pictures(shown, details)
        count, noun = len(partition.outliers), self._project.images.noun
        return ClusterPage("Outliers", NEUTRAL, count, tuple(words), (), "", "", pictures_shown, noun)

    def of_images(self, title: str, images: Integers, pictures: int = OUTLIERS) -> ClusterPage:
        """Return a page of any images, (m,), in their order."""
        words, shown = (self._share(len(images)),), self._pictures(images[:pictures])
        return ClusterPage(title, NEUTRAL, len(images), words, (), "", "", shown, self._project.images.noun)

    def _share(self, images: int) -> str:
        return f"{100 * images / len(self._project.images):.1f}% of all {self._project.images.noun}s"

    def _pictures(self, images: Integers, details: Sequence[str] = ()) -> tuple[PageImage, ...]:
        padded = [*details, *[""] * (len(images) - len(details))]
        return tuple(
            self._picture(image, detail) for image, detail in zip(images.tolist(), padded, strict=True)
        )

    def _picture(self, image: int, detail: str) -> PageImage:
        record = self._project.images.images[image]
        name = printable(record.path.rpartition("/")[2])
        pixels = self._thumbnail(self._project.images.absolute(image), self._side)
        if pixels is None:
            return PageImage(name, None, None, detail)
        size = None if record.tool is None else record.tool.pixel_size_nm
        bar = None
        if size is not None:
            pixels = pixels[: max(1, round(len(pixels) * (1 - record.info_bar_share)))]
            length_and_label = scale_bar(record.width * SHARE, size)
            if length_and_label is not None:
                bar = length_and_label[0] / record.width, length_and_label[1]
        return PageImage(name, Image.fromarray(pixels), bar, detail)


def _measurements(middle: Measurements, shown: int, images: int) -> tuple[tuple[str, str], ...]:
    """Return the medians of a cluster as names and values."""
    rows = [("Images with defects", f"{shown:,} of {images:,}")]
    # Where most images have no defect, medians over a few false finds would say nothing.
    if 2 * shown >= images:
        rows += [
            ("Defects per image", f"{middle.defects}"),
            ("Diameter", size_words(middle.diameter, middle.unit)),
            ("Area", surface_words(middle.area, middle.unit)),
            ("Aspect ratio", f"{middle.aspect:.2f}"),
            ("Contrast", f"{middle.contrast:+.1f} grey levels"),
        ]
    return (*rows, ("Noise", f"{middle.noise:.1f} grey levels"))
