"""Libraries of the system that the window lacks, without and with a bundle that carries some."""

import ctypes
from pathlib import Path

import pytest

from defect_workbench.display_libraries import LIBRARIES, install_lines, why_not_loaded


def test_what_a_bundle_carries_is_not_named_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(name: str) -> None:
        raise OSError(f"{Path(name).name}: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(ctypes, "CDLL", lacking)
    assert "apt install libxcb-cursor0 " in (why_not_loaded(tmp_path / "libqxcb.so") or "")
    for library in LIBRARIES:
        if library.file not in ("libEGL.so.1", "libxcb.so.1"):
            (tmp_path / library.file).touch()
    monkeypatch.setattr("sys._MEIPASS", str(tmp_path), raising=False)
    assert why_not_loaded(tmp_path / "libqxcb.so") == (
        "the window needs libraries that this system lacks (libxcb.so.1, libEGL.so.1). "
        "On Debian or Ubuntu: sudo apt install libxcb1 libegl1. "
        "On RHEL or Fedora: sudo dnf install libxcb mesa-libEGL"
    )


def test_a_library_that_is_not_in_the_list_is_named_and_all_packages_are_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lacking(name: str) -> None:
        if "libqxcb" in name:
            raise OSError("libnew.so.7: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(ctypes, "CDLL", lacking)
    reason = why_not_loaded(Path("libqxcb.so"))
    assert reason is not None
    assert "(libnew.so.7)" in reason
    assert all(line in reason for line in install_lines())
