"""Nothing waits for the disk: what is killed is the process, not the machine."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_the_disk() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield
