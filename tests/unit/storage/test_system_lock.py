"""Locks of the operating system."""

import os
from pathlib import Path

import pytest

from defect_workbench.storage.files.system_lock import SystemLock


def test_two_locks_on_one_file_exclude_each_other_until_one_is_released(tmp_path: Path) -> None:
    first, second = SystemLock(tmp_path / "a.lock"), SystemLock(tmp_path / "a.lock")
    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()
    assert not list(tmp_path.iterdir())


def test_a_lock_file_that_a_crash_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.write_text("4711\nhost\n", encoding="utf-8")
    lock = SystemLock(path)
    assert lock.acquire()
    lock.release()
    assert not path.exists()


@pytest.mark.skipif(os.name != "posix", reason="flock")
def test_a_lock_of_an_earlier_version_is_respected(tmp_path: Path) -> None:
    """Earlier versions locked the recovery file with QLockFile."""
    from PySide6.QtCore import QLockFile

    earlier = QLockFile(str(tmp_path / "a.lock"))
    assert earlier.tryLock(0)
    assert not SystemLock(tmp_path / "a.lock").acquire()
    earlier.unlock()
    assert SystemLock(tmp_path / "a.lock").acquire()
