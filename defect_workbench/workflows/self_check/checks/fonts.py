"""Whether there are fonts for reports and for the window."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from defect_workbench.workflows.self_check.check import Finding, Machine, SelfCheck, limited, ok

_SECONDS = 10
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts")


def _run(machine: Machine) -> Finding:
    import matplotlib
    from PIL import ImageFont

    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    width = ImageFont.truetype(file, 20).getlength("µm")
    assert width > 0
    reports = f"reports and figures: DejaVu Sans, in {file.parent}"
    if not sys.platform.startswith("linux"):
        return ok(reports)
    system = _font_of_system()
    if system is None:
        return limited(
            reports,
            "window: no font of the system was found",
            remedy="if the window shows boxes instead of letters: sudo apt install fonts-dejavu-core "
            "(Debian, Ubuntu) or sudo dnf install dejavu-sans-fonts (RHEL, Fedora)",
        )
    return ok(reports, f"window: {system}")


def _font_of_system() -> str | None:
    """Return the font that the window takes, or one that it may take; None if none is installed."""
    matcher = shutil.which("fc-match")
    if matcher is not None:
        done = subprocess.run([matcher], capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip()
    files = (file for folder in _FOLDERS for file in Path(folder).expanduser().rglob("*"))
    names = [file.name for file in files if file.suffix in (".ttf", ".otf", ".ttc")]
    return min(names, key=lambda name: ("Sans" not in name, len(name)), default=None)


ENTRY = SelfCheck("fonts", "Fonts", _run)
