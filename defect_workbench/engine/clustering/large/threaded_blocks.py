"""Work on blocks of rows in threads, one per core."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from threadpoolctl import threadpool_limits

from defect_workbench.core.ordered_threads import in_order


def in_blocks(count: int, size: int, work: Callable[[slice], None], check: Callable[[], None]) -> None:
    """Call `work` for successive blocks of rows, in threads.

    Each thread computes its own matrix products: for blocks of a few megabytes that takes half as long as
    sharing each product, and results do not depend on the number of cores.

    Parameters
    ----------
    count, size : int
        Number of rows, and of rows in a block.
    work : callable
        Gets the rows of a block; must change nothing that concerns other blocks.
    check : callable
        Called between blocks in the calling thread; raises `Cancelled` if the work should stop.
    """
    workers = os.cpu_count() or 1

    def blocks() -> Iterator[slice]:
        for start in range(0, count, size):
            check()
            yield slice(start, min(start + size, count))

    with threadpool_limits(1, user_api="blas"):
        for _ in in_order(work, blocks(), 2 * workers + 1, workers=workers, name="rows"):
            check()
