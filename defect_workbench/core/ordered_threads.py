"""A function applied to many items by threads, with the results in the order of the items."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Result = TypeVar("Result")


def in_order(
    function: Callable[[Given], Result],
    items: Iterable[Given],
    ahead: int = 64,
    *,
    workers: int | None = None,
    name: str = "ordered",
) -> Generator[Result, None, None]:
    """Return the results of a function for each item, in order; threads work ahead.

    Parameters
    ----------
    items : iterable
        Read by the caller's thread.
    ahead : int
        How many items may be read before the first of them is returned.
    workers : int, optional
        The number of threads; default: one per core, at least two.
    name : str
        Beginning of the threads' names.
    """
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers or max(2, os.cpu_count() or 2), thread_name_prefix=name) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
