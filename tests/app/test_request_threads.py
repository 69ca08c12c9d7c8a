"""Requests are answered in the background, the newest first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Semaphore

from defect_workbench.app.image_loading.request_threads import RequestThreads


class Slow:
    """Answers when told to, and notes what was answered."""

    def __init__(self) -> None:
        self.begun, self.may_end, self.delivered = Semaphore(0), Semaphore(0), Semaphore(0)
        self.answers: list[tuple[str, str]] = []

    def answer(self, request: str) -> str:
        self.begun.release()
        assert self.may_end.acquire(timeout=10)
        return request.upper()

    def deliver(self, request: str, answer: str) -> None:
        self.answers.append((request, answer))
        self.delivered.release()

    def finish(self, count: int) -> list[str]:
        for _ in range(count):
            self.may_end.release()
            assert self.delivered.acquire(timeout=10)
        return [request for request, _ in self.answers]


@contextmanager
def threads(slow: Slow, waiting: int) -> Iterator[RequestThreads[str, str]]:
    found = RequestThreads("thumbnails-test", slow.answer, slow.deliver, waiting)
    try:
        yield found
    finally:
        slow.may_end.release(10)
        found.close()


def test_the_newest_request_is_answered_first_and_the_oldest_dropped() -> None:
    slow = Slow()
    with threads(slow, waiting=2) as requests:
        requests.put("first")
        assert slow.begun.acquire(timeout=10)
        for name in ("dropped", "older", "newer", "older"):
            requests.put(name)
        assert slow.finish(3) == ["first", "older", "newer"]
        assert slow.answers[0] == ("first", "FIRST")


def test_a_request_in_work_is_not_repeated_but_can_be_made_later() -> None:
    slow = Slow()
    with threads(slow, waiting=5) as requests:
        requests.put("a")
        assert slow.begun.acquire(timeout=10)
        requests.put("a")
        requests.put("b")
        assert slow.finish(2) == ["a", "b"]
        requests.put("a")
        assert slow.finish(1) == ["a", "b", "a"]


def test_dropped_requests_are_not_answered() -> None:
    slow = Slow()
    with threads(slow, waiting=5) as requests:
        requests.put("a")
        assert slow.begun.acquire(timeout=10)
        requests.put("b")
        requests.clear()
        requests.put("c")
        assert slow.finish(2) == ["a", "c"]


def test_it_closes_before_during_and_after_work() -> None:
    slow = Slow()
    with threads(slow, waiting=5):
        pass
    with threads(slow, waiting=5) as requests:
        requests.put("a")
        assert slow.begun.acquire(timeout=10)
    requests.put("too late")
    assert [request for request, _ in slow.answers] == ["a"]


def test_several_threads_answer_at_once() -> None:
    both, go = Semaphore(0), Event()

    def answer(request: int) -> int:
        both.release()
        assert go.wait(10)
        return request

    requests = RequestThreads("thumbnails-test", answer, lambda *_: None, waiting=5, threads=2)
    requests.put(1)
    requests.put(2)
    assert both.acquire(timeout=10)
    assert both.acquire(timeout=10)
    go.set()
    requests.close()
