"""The mark of a feature store that a run on several machines is adding to.

    STORE/growing-<run>.json     folder of the images, number of images, network in use

Its time is renewed while the run continues, so that the mark of a killed run loses its meaning. Workers
recognise the store by it, and stop when it is gone.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from defect_workbench.core.safe_reading import read_regular
from defect_workbench.storage.files.atomic import write_text

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_BEATS = 5.0
_SECONDS_ALIVE = 60.0
_SECONDS_KEPT = 24 * 3600.0
_MOST_BYTES = 1 << 16


@dataclass(frozen=True)
class Growth:
    """What a run adds to a feature store.

    Attributes
    ----------
    root : str
        The folder of the images.
    images : int
        The number of images in the folder that are used.
    network : mapping of str to str, or None
        The network in use, as `NetworkInUse`; None for texture only.
    processing : mapping of str to Any
        The identity of the preprocessing.
    """

    root: str
    images: int
    network: Mapping[str, str] | None
    processing: Mapping[str, Any]


class GrowthMark:
    """The mark of a run, which renews its time at most every 5 s.

    Parameters
    ----------
    store : Path
        The folder of a feature store.
    run : str
        Names the run: letters and digits.
    """

    def __init__(self, store: Path, run: str) -> None:
        self._path = mark_path(store, run)
        self._renewed = 0.0

    def write(self, growth: Growth) -> None:
        """Write the mark, and remove marks that killed runs left more than a day ago.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        for path in self._path.parent.glob("growing-*.json"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _SECONDS_KEPT:
                    path.unlink()
        write_text(self._path, json.dumps(asdict(growth)) + "\n")
        self._renewed = time.monotonic()

    def renew(self) -> None:
        """Renew the time of the mark, if that was not done a moment ago."""
        if time.monotonic() - self._renewed >= _SECONDS_BETWEEN_BEATS:
            self._renewed = time.monotonic()
            with suppress(OSError):
                os.utime(self._path)

    def remove(self) -> None:
        """Remove the mark."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def mark_path(store: Path, run: str) -> Path:
    """Return the path of the mark of a run."""
    return store / f"growing-{run}.json"


def growth_of(store: Path) -> Growth | None:
    """Return what a run is adding to a store just now; None if none is, as far as can be seen."""
    newest: tuple[float, Growth] | None = None
    for path in store.glob("growing-*.json"):
        try:
            changed = path.stat().st_mtime
            if time.time() - changed > _SECONDS_ALIVE:
                continue
            growth = Growth(**json.loads(read_regular(path, _MOST_BYTES)))
        except (OSError, ValueError, TypeError, RecursionError) as error:
            log.warning("%s cannot be read: %s", path, error)
            continue
        if _is_valid(growth) and (newest is None or changed > newest[0]):
            newest = (changed, growth)
    return None if newest is None else newest[1]


def _is_valid(growth: Growth) -> bool:
    network = growth.network
    named = isinstance(growth.root, str) and isinstance(growth.images, int)
    strings = network is None or (
        isinstance(network, Mapping) and all(isinstance(value, str) for value in network.values())
    )
    return named and strings and isinstance(growth.processing, Mapping)
