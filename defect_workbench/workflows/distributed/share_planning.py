"""Divide the images of a folder into shares for workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from defect_workbench.engine.backbone.network import BATCH
from defect_workbench.engine.extraction.image_reader import Task
from defect_workbench.engine.extraction.stored_vectors import FLUSH_IMAGES
from defect_workbench.engine.input.scan import FoundFile
from defect_workbench.workflows.distributed.worker_job import Share

# So many shares per thread let fast and slow workers end at about the same time.
_SHARES_PER_THREAD = 4


def shares_to_read(files: Sequence[FoundFile], threads: int, first: int) -> list[Share]:
    """Return shares of files whose content is not known.

    Parameters
    ----------
    threads : int
        Number of threads of all workers.
    first : int
        The number of the first share.
    """
    size = min(FLUSH_IMAGES, max(1, -(-len(files) // (_SHARES_PER_THREAD * max(1, threads)))))
    parts = [files[start : start + size] for start in range(0, len(files), size)]
    return [Share(first + i, tuple(_anywhere(file) for file in part)) for i, part in enumerate(parts)]


def shares_to_describe(
    files: Sequence[FoundFile],
    sha256s: Mapping[str, str | None],
    task: Task,
    threads: int,
    first: int,
) -> list[Share]:
    """Return shares of the images whose features are not in the store, each content once.

    A share has whole batches: as many as one machine would write at once, or fewer if there are few images.
    Files of equal content are in one share, as their measurements are stored once.

    Parameters
    ----------
    sha256s : mapping of str to (str or None)
        The content hash of each file; None for a file that cannot be read, whose share will say why.
    threads, first : int
        As in `shares_to_read`.
    """
    by_content: dict[str, list[tuple[FoundFile, str | None]]] = {}
    keys: set[str] = set()
    for file in files:
        sha256 = sha256s[file.path]
        if sha256 is None:
            by_content[file.path] = [(file, None)]
            continue
        key = task.key(file.path, sha256)
        if key not in keys and not task.blocks.complete(sha256, key):
            keys.add(key)
            by_content.setdefault(sha256, []).append((file, sha256))
    count = sum(len(group) for group in by_content.values())
    batches = count // (BATCH * _SHARES_PER_THREAD * max(1, threads))
    size = BATCH * max(1, min(FLUSH_IMAGES // BATCH, batches))
    shares: list[Share] = []
    waiting: list[tuple[FoundFile, str | None]] = []
    for group in by_content.values():
        waiting += group
        if len(waiting) >= size:
            shares.append(_share(first + len(shares), waiting))
            waiting = []
    if waiting:
        shares.append(_share(first + len(shares), waiting))
    return shares


def _share(number: int, contents: Sequence[tuple[FoundFile, str | None]]) -> Share:
    files = tuple(_anywhere(file) for file, _ in contents)
    stamps = tuple(
        None if sha256 is None else file.stamp(sha256)
        for file, (_, sha256) in zip(files, contents, strict=True)
    )
    return Share(number, files, stamps)


def _anywhere(file: FoundFile) -> FoundFile:
    """Return a file as any machine sees it: some shared folders have other inodes on other machines."""
    return replace(file, inode=-1)
