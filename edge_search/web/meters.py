"""Meters: what happened since the start, and how the box stands, for Prometheus. No SKU, path or address is a label."""

from __future__ import annotations

import threading
import time
from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from edge_search.appliance.status import Status
from edge_search.errors import EdgeSearchError
from edge_search.types import Answer
from edge_search.web.state import State

__all__ = ["Meters", "Standing"]

_STAGES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}
_STATES = ("new", "online", "scanning", "held", "offline", "kept")
_KEPT_S = 2.0


class Meters:
    """Counts as an `Observer`; `text` is what `/metrics` answers."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "edge_search_requests",
            "Requests answered; status 0: the client went away before",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "edge_search_request_seconds",
            "Seconds from a request's headers to the end of its answer",
            ["method", "route"],
            buckets=_STAGES_S,
            registry=self._registry,
        )
        self._stages = Histogram(
            "edge_search_stage_seconds",
            "Seconds of an answer by stage; total is the sum of all",
            ["stage"],
            buckets=_STAGES_S,
            registry=self._registry,
        )
        self._verdicts = Counter(
            "edge_search_answers", "Answers by verdict and photo", ["verdict", "quality"], registry=self._registry
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note a request."""
        method = method if method in _METHODS else "other"  # anybody may invent one
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def answer(self, answer: Answer, receive_s: float, wait_s: float) -> None:
        """Note an answer."""
        ms = answer.timings_ms
        stages = {
            "receive": receive_s,
            "wait": wait_s,
            "decode": ms.decode / 1e3,
            "encode": ms.encode / 1e3,
            "search": ms.search / 1e3,
        }
        for stage, seconds in {**stages, "total": sum(stages.values())}.items():
            self._stages.labels(stage).observe(seconds)
        self._verdicts.labels(answer.verdict, answer.quality).inc()

    def watch(self, standing: Standing) -> None:
        """Also tell from now on how the box stands."""
        self._registry.register(standing)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


class Standing:
    """How one app's queues, connections and box stand at the moment it is asked."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._guard = threading.Lock()
        self._status: Status | None = None
        self._until = 0.0

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand, for that would ask the store."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Yield gauges and counters."""
        yield from self._queues()
        yield _gauge("connections", "Connections open", self._state.door.open)
        yield _counter("connections_refused", "Connections refused, there were too many", self._state.door.refused)
        yield _gauge("body_bytes", "Bytes of photos that are in memory now", self._state.intake.held)
        yield _gauge("journal_waiting", "Answers that are not in the journal yet", self._state.box.journal.waiting)
        status = self._now()
        yield _gauge("up", "1: the store could be read", int(status is not None))
        if status is not None:
            yield from _standing(status)

    def _queues(self) -> Iterable[Metric]:
        waiting = GaugeMetricFamily("edge_search_queue", "Jobs waiting or running", labels=["queue"])
        refused = CounterMetricFamily("edge_search_refused", "Jobs refused, the queue was full", labels=["queue"])
        state = self._state
        for workers in (state.searching, state.changing, state.importing, state.looking, state.rendering):
            waiting.add_metric([workers.name], workers.pending)
            refused.add_metric([workers.name], workers.refused)
        return waiting, refused

    def _now(self) -> Status | None:
        # Counts read tables: however many ask, they are read every other second only.
        with self._guard:
            if time.monotonic() >= self._until:
                try:
                    self._status = self._state.box.status()
                except EdgeSearchError:
                    self._status = None
                self._until = time.monotonic() + _KEPT_S
            return self._status


def _standing(status: Status) -> Iterable[Metric]:
    yield _gauge("generation", "Number of the index generation", status.generation)
    yield _gauge("tail", "Images committed since that generation", status.tail)
    yield _gauge("masked", "Images of that generation that are gone", status.masked)
    yield _gauge("products", "Products that can be found", status.products)
    yield _gauge("images", "Images that can be found", status.images)
    yield _gauge("inbox", "Photos that wait for a row of a product table", status.inbox)
    yield _gauge("skipped", "Files that were skipped", len(status.skipped))
    yield _gauge("degraded", "Things that need somebody's attention", len(status.degraded))
    yield _gauge("backlog", "Photos that the watcher has still to take", status.backlog)
    yield _gauge("free_bytes", "Free bytes where the home lies", status.free_bytes)
    sources = GaugeMetricFamily("edge_search_sources", "Sources by state", labels=["state"])
    tally = Tally(source.state for source in status.sources)
    for state in sorted({*_STATES, *tally}):
        sources.add_metric([state], tally[state])
    yield sources


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"edge_search_{name}", text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"edge_search_{name}", text, value=value)
