"""Threads that answer requests, the newest first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Condition, Thread
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class RequestThreads(Generic[Key, Answer]):
    """Answers requests in the background; the threads begin with the first request.

    Parameters
    ----------
    name : str
        Of the threads.
    answer : callable
        Returns the answer to a request; called in a thread.
    deliver : callable
        Takes a request and its answer, in the thread; from then on, the request can be made again.
    waiting : int
        How many requests may wait; the oldest ones are dropped.
    threads : int
        Their number.
    """

    def __init__(
        self,
        name: str,
        answer: Callable[[Key], Answer],
        deliver: Callable[[Key, Answer], object],
        waiting: int,
        threads: int = 1,
    ) -> None:
        self._answer, self._deliver, self._most_waiting = answer, deliver, waiting
        self._waiting: OrderedDict[Key, None] = OrderedDict()
        self._in_work: set[Key] = set()
        self._condition = Condition()
        self._closing = False
        self._threads = [
            Thread(target=self._work, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]

    def put(self, request: Key) -> None:
        """Make a request; one that waits already becomes the newest, and one in work is not repeated."""
        with self._condition:
            if self._closing or request in self._in_work:
                return
            self._waiting[request] = None
            self._waiting.move_to_end(request)
            while len(self._waiting) > self._most_waiting:
                self._waiting.popitem(last=False)
            self._condition.notify()
        if self._threads[0].ident is None:
            for thread in self._threads:
                thread.start()

    def clear(self) -> None:
        """Drop all requests that wait."""
        with self._condition:
            self._waiting.clear()

    def close(self) -> None:
        """End the threads and wait for them."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._closing:
                    self._condition.wait()
                if self._closing:
                    return
                request, _ = self._waiting.popitem(last=True)
                self._in_work.add(request)
            try:
                answer = self._answer(request)
            finally:
                with self._condition:
                    self._in_work.discard(request)
            self._deliver(request, answer)
