"""Work on blocks of rows in threads, one per core."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from threadpoolctl import threadpool_limits


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
    waiting: deque[Future[None]] = deque()
    with (
        threadpool_limits(1, user_api="blas"),
        ThreadPoolExecutor(workers, thread_name_prefix="rows") as pool,
    ):
        try:
            for start in range(0, count, size):
                check()
                waiting.append(pool.submit(work, slice(start, min(start + size, count))))
                if len(waiting) > 2 * workers:
                    waiting.popleft().result()
            while waiting:
                check()
                waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()
