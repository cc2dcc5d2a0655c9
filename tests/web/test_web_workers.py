"""Workers: a queue that ends, and a loop that never waits."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial

import httpx
import pytest

from edge_search.appliance.box import Box
from edge_search.types import Answer
from edge_search.web.problem import Problem
from edge_search.web.workers import Workers
from tests.web.served import Served


def test_jobs_run_side_by_side_and_give_back_what_they_return() -> None:
    workers = Workers("test", 3, 16)
    together = threading.Barrier(3, timeout=10)

    async def all_three() -> list[int]:
        return await asyncio.gather(*(workers.run(together.wait) for _ in range(3)))

    assert sorted(asyncio.run(all_three())) == [0, 1, 2]
    workers.close()


def test_beyond_the_queue_a_job_is_refused_at_once_with_a_time_to_wait() -> None:
    workers = Workers("test", 1, 16)
    go = threading.Event()

    def waited(number: int) -> int:
        go.wait(10)
        return number

    async def fill() -> tuple[list[int], list[Problem]]:
        tasks = [asyncio.create_task(workers.run(partial(waited, n))) for n in range(20)]
        await asyncio.sleep(0.1)
        refused = [task.exception() for task in tasks if task.done()]
        go.set()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        return [one for one in done if isinstance(one, int)], [one for one in refused if isinstance(one, Problem)]

    done, refused = asyncio.run(fill())
    assert done == list(range(17))
    assert [problem.status for problem in refused] == [503] * 3
    assert all(int(problem.headers["Retry-After"]) >= 1 for problem in refused)
    assert workers.refused == 3
    workers.close()


def test_an_error_reaches_the_caller_and_the_thread_lives_on() -> None:
    workers = Workers("test", 1, 16)

    async def both() -> int:
        with pytest.raises(ZeroDivisionError):
            await workers.run(lambda: 1 // 0)
        return await workers.run(lambda: 7)

    assert asyncio.run(both()) == 7
    workers.close()


def test_a_caller_that_goes_away_takes_its_job_out_of_the_queue() -> None:
    workers = Workers("test", 1, 16)
    go, ran = threading.Event(), []

    async def leave() -> None:
        busy = asyncio.create_task(workers.run(lambda: go.wait(10)))
        await asyncio.sleep(0.05)
        gone = asyncio.create_task(workers.run(lambda: ran.append(1)))
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.sleep(0.05)
        assert workers.pending == 1
        go.set()
        await busy
        await asyncio.sleep(0.05)
        assert workers.pending == 0

    asyncio.run(leave())
    assert ran == []
    workers.close()


def test_a_thread_that_hangs_keeps_nobody_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    import edge_search.web.workers as module

    monkeypatch.setattr(module, "_GRACE_S", 0.2)
    workers = Workers("test", 1, 16)
    stuck = threading.Event()

    async def begin() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(workers.run(lambda: stuck.wait(30)), 0.05)

    asyncio.run(begin())
    started = time.monotonic()
    workers.close()
    assert time.monotonic() - started < 5
    stuck.set()


class TestOverload:
    @pytest.fixture
    def settings(self) -> dict[str, object]:
        return {"search_workers": 1, "search_queue": 16}

    def test_beyond_the_queue_http_says_503_and_everybody_else_is_answered(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        go = threading.Event()
        real = Box.search

        def slow(self: Box, *arguments: object, **more: object) -> Answer:
            go.wait(20)
            return real(self, *arguments, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(Box, "search", slow)
        photo = served.bytes(10)

        async def flood() -> tuple[list[httpx.Response], int]:
            limits = httpx.Limits(max_connections=40)
            async with httpx.AsyncClient(base_url=served.url, timeout=60, limits=limits) as client:
                asked = [
                    asyncio.create_task(
                        client.post("/v1/search", content=photo, headers={"Content-Type": "image/jpeg"})
                    )
                    for _ in range(30)
                ]
                while sum(task.done() for task in asked) < 13:
                    await asyncio.sleep(0.02)
                # The loop is free while all workers are at work and the queue is full.
                alive = (await client.get("/healthz")).status_code
                go.set()
                return list(await asyncio.gather(*asked)), alive

        answers, alive = asyncio.run(asyncio.wait_for(flood(), 60))
        codes = [answer.status_code for answer in answers]
        assert alive == 200
        assert (codes.count(200), codes.count(503)) == (17, 13)
        refused = next(answer for answer in answers if answer.status_code == 503)
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["content-type"] == "application/problem+json"
