"""Whether the folders of the user can be written to, and how much space they have."""

from __future__ import annotations

import os
import shutil

from defect_workbench.workflows.self_check.check import Finding, Machine, SelfCheck, failed, limited, ok

_GB = 1e9
_WANTED_GB = 2


def _run(machine: Machine) -> Finding:
    places = machine.places
    folders = {
        "cache": places.weights.parent,
        "data": places.store.parent,
        "settings": places.settings.parent,
        "log": places.log.parent,
    }
    lines, problems, short = [], [], False
    for name, folder in {**folders, "temporary": machine.scratch.parent}.items():
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(existing).free
        short |= free < _WANTED_GB * _GB
        writable = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
        lines.append(f"{name}: {folder}, {_free(free)}{'' if folder.exists() else ', created when needed'}")
        if not writable:
            problems.append(f"{existing} cannot be written to")
    if problems:
        return failed(
            *lines,
            *dict.fromkeys(problems),
            remedy="correct the rights, or set DEFECT_WORKBENCH_HOME to a folder that can be written to",
        )
    if short:
        return limited(*lines, remedy=f"10,000 images need about {_WANTED_GB} GB: free some space")
    return ok(*lines)


def _free(count: int) -> str:
    return f"{count / _GB:,.1f} GB free"


ENTRY = SelfCheck("user_folders", "Folders", _run)
