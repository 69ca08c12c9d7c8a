"""Batches that go through a network side by side, each in its own thread.

Two passes of one thread each are faster than one pass of two threads: within a pass, threads wait for each
other after every layer, and beside other busy processes they do so most of the time.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeVar

from defect_workbench.core.ordered_threads import in_order

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Batch = TypeVar("Batch")
Result = TypeVar("Result")

# Each pass holds activations: without fused operators, a quarter of a gigabyte.
_MOST = 4
_SWITCH_SECONDS = 0.001
_limited = threading.local()


class LoadedWhenNeeded(Protocol):
    """A network as this module uses it, such as `NetworkVectors`."""

    @property
    def device(self) -> str:
        """Where it is computed."""

    def load(self) -> None:
        """Load it, unless it is loaded."""


def in_passes(
    function: Callable[[Batch], Result],
    batches: Iterable[Batch],
    network: LoadedWhenNeeded | None,
    cores: int | None = None,
) -> Iterator[Result]:
    """Return the results of a function that passes a batch through a network, in order.

    On a processor there is a pass for each core, at most four; on a GPU, one.

    Parameters
    ----------
    function : callable
        Must be safe to call from several threads at once.
    batches : iterable
        Read by the caller's thread, few in advance.
    network : LoadedWhenNeeded or None
        Loaded before the first batch. None if the function needs no network.
    cores : int, optional
        Cores that this process may use; default: all.

    Yields
    ------
    Result
        Of each batch, in order.
    """
    count = min(_MOST, cores or os.cpu_count() or 1) if network is None or network.device == "cpu" else 1

    def one(batch: Batch) -> Result:
        if network is not None:
            network.load()
            if network.device == "cpu":
                _share_cores(count, cores)
        return function(batch)

    # The threads that read images call BLAS, too; its own threads would only compete with them.
    with _controller().limit(limits=1, user_api="blas"), _prompt_switches():
        yield from in_order(one, batches, count + 1, workers=count, name="pass")


@contextmanager
def _prompt_switches() -> Iterator[None]:
    """Let threads wait less for the interpreter lock: a pass takes it again after each of its operators."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, _SWITCH_SECONDS))
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _share_cores(passes: int, cores: int | None) -> None:
    """Let the torch operators that this thread calls use its share of the cores, unless they already do."""
    if getattr(_limited, "shared", None) == (passes, cores):
        return
    import torch

    # `torch.set_num_threads` would also change what threads that start later use. Reading the number first
    # makes torch set up this thread, which would otherwise undo the limit.
    threads = min(torch.get_num_threads(), cores or os.cpu_count() or 1)
    _controller().limit(limits=max(1, threads // passes), user_api="openmp")
    _limited.shared = passes, cores


@cache
def _controller() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
