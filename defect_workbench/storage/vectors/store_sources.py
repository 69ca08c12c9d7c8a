"""What a feature store was filled from, where that is more than a folder.

    STORE/sources/part-<id>.parquet     root, and the source as JSON

A row is added if images come from another source than before. Without one, a store was filled from the folder
in its table of files.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from defect_workbench.storage.vectors.feature_store import FeatureStore, parts_of, readable_part

log = logging.getLogger(__name__)

_SOURCES = "sources"


def source_of_root(store: FeatureStore, root: Path) -> Mapping[str, str | bool] | None:
    """Return what was last remembered for a folder; None if nothing was, or it cannot be read."""
    for part in reversed(parts_of(store.folder / _SOURCES)):
        table = readable_part(part)
        if table is None or not {"root", "source"} <= set(table.column_names):
            continue
        for row in reversed(table.to_pylist()):
            if row["root"] != str(root):
                continue
            try:
                fields = json.loads(row["source"])
            except ValueError:
                log.warning("%s cannot be read", part)
                continue
            if isinstance(fields, dict):
                return fields
    return None


def remember_source(store: FeatureStore, root: Path, source: Mapping[str, str | bool]) -> None:
    """Remember what images below a folder come from, unless the store knows.

    Raises
    ------
    WorkbenchError
        If the store cannot be written.
    """
    if source_of_root(store, root) == dict(source):
        return
    table = pa.table({"root": pa.array([str(root)]), "source": pa.array([json.dumps(dict(source))])})
    store.write_part(store.folder / _SOURCES, table, "none")
