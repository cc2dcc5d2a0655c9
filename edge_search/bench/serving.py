"""`bench serve`: what answers over HTTP take on this box, alone, side by side, and beside a crowd that misbehaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_search.bench.crowd import crowd
from edge_search.bench.server import Caller, Reply, Server
from edge_search.encoder.encoder import Encoder
from edge_search.errors import EdgeSearchError
from edge_search.imaging.decode import decode
from edge_search.imaging.views import views

__all__ = ["bench_clients", "bench_crowd", "bench_one"]

_STAGES = ("decode", "encode", "search", "rerank")
_WARM_UP = 3
_CHEAP = "/v1/categories"
_REST_S = 0.02  # of a healthy client between two requests
_AFTER_S = 1.0  # until what the crowd left is cleared away


def bench_one(server: Server, photos: Sequence[bytes], *, requests: int) -> list[dict[str, Any]]:
    """Search photo after photo on one connection; returns a row a stage.

    ``receive`` is what is left of the whole: the photo's way in, waiting, and the answer's way out.
    """
    times: dict[str, list[float]] = {name: [] for name in ("receive", *_STAGES, "outside decode and encode", "total")}
    with Caller(server.port) as caller:
        for number in range(_WARM_UP + requests):
            reply = _sound(caller.search(photos[number % len(photos)]))
            if number < _WARM_UP:
                continue
            ms = reply.document["timings_ms"]
            stages = {name: float(ms[name]) for name in _STAGES}
            inside = stages["decode"] + stages["encode"]
            times["receive"].append(reply.ms - sum(stages.values()))
            times["outside decode and encode"].append(reply.ms - inside)
            times["total"].append(reply.ms)
            for name, value in stages.items():
                times[name].append(value)
    if not any(times["rerank"]):
        del times["rerank"]
    photo_mb = round(float(np.mean([len(photo) for photo in photos])) / 1e6, 2)
    common = {"clients": 1, "photo_mb": photo_mb, "requests": requests}
    return [{"what": f"one client: {name}", **common, **_percentiles(values, 50, 95)} for name, values in times.items()]


def bench_clients(
    server: Server,
    photos: Sequence[bytes],
    alone: dict[int, Encoder],
    *,
    clients: int,
    seconds: float,
    rounds: int,
) -> list[dict[str, Any]]:
    """Search with ``clients`` at once for ``seconds`` a round, in turn with the encoder alone in this process.

    Args:
        server: answers.
        photos: encoded; each client sends them one after the other.
        alone: streams -> the same encoder loaded for so many threads at once, on all cores in each case.
        clients: connections, each of which sends its next photo when it has its answer.
        seconds: of each measurement in a round.
        rounds: of all of them.

    Returns:
        A row for each. ``share_of_network`` is the throughput over that of the encoder alone on pictures that are
        cut and scaled already, ``share_of_encoder`` over pictures that are only decoded, ``share_of_decode+encode``
        over the photos themselves: each time over the number of streams that is best in that round; medians.
    """
    encoder = next(iter(alone.values()))
    decoded = [decode(photo) for photo in photos]
    ready = [views(image, encoder.recipe) for image in decoded]
    runs: dict[str, Callable[[float], float]] = {}
    for streams, loaded in alone.items():
        runs[f"network, {streams} streams"] = _alone(loaded.encode_views, ready, streams)
        runs[f"encoder, {streams} streams"] = _alone(lambda image, e=loaded: e.encode([image]), decoded, streams)  # type: ignore[misc]
        runs[f"decode+encode, {streams} streams"] = _alone(
            lambda photo, e=loaded: e.encode([decode(photo)]),  # type: ignore[misc]
            photos,
            streams,
        )
    rates: dict[str, list[float]] = {name: [] for name in runs}
    replies: list[Reply] = []
    served = []
    _ask(server, photos, clients, min(seconds, 1.0))
    for _ in range(rounds):
        for name, run in runs.items():
            rates[name].append(run(seconds))
        found, spent = _ask(server, photos, clients, seconds)
        replies += found
        served.append(sum(reply.status == 200 for reply in found) / spent)
    common = {"clients": clients, "photo_mb": round(float(np.mean([len(p) for p in photos])) / 1e6, 2)}
    rows: list[dict[str, Any]] = [
        {"what": f"alone: {name}", "per_s": round(float(np.median(values)), 1)} for name, values in rates.items()
    ]
    best = {
        kind: np.max([values for name, values in rates.items() if name.startswith(f"{kind},")], axis=0)
        for kind in ("network", "encoder", "decode+encode")
    }
    shares = {
        f"share_of_{kind}": round(float(np.median(np.array(served) / values)), 3) for kind, values in best.items()
    }
    answered = [reply.ms for reply in replies if reply.status == 200]
    return [
        *rows,
        {
            "what": f"{clients} clients at once",
            **common,
            "requests": len(replies),
            "errors": len(replies) - len(answered),
            "per_s": round(float(np.median(served)), 1),
            **_percentiles(answered, 50, 95),
            **shares,
        },
    ]


def bench_crowd(server: Server, photo: bytes, *, count: int, rounds: int) -> list[dict[str, Any]]:
    """Ask as one healthy client, with and without ``count`` connections that misuse the server, in turn.

    Asked are something cheap (``GET /v1/categories``) and a search, by turns. A turn with the crowd ends when the
    last of it was dropped; one without takes as long.
    """
    times: dict[tuple[str, bool], list[Reply]] = {
        (what, beside): [] for what in (_CHEAP, "search") for beside in (False, True)
    }
    lasted: dict[str, list[float]] = {}
    with Caller(server.port) as caller:

        def healthy(on: Callable[[], bool], *, beside: bool) -> None:
            while on():
                times[_CHEAP, beside].append(caller.get(_CHEAP))
                times["search", beside].append(caller.search(photo))
                time.sleep(_REST_S)

        for _ in range(_WARM_UP):
            _sound(caller.search(photo))
        for _ in range(rounds):
            started = time.monotonic()
            with crowd(server.port, count) as others:
                healthy(lambda: others.there, beside=True)
                for kind, values in others.lasted().items():
                    lasted.setdefault(kind, []).extend(values)
            until = 2 * time.monotonic() - started
            time.sleep(_AFTER_S)
            healthy(lambda: time.monotonic() < until, beside=False)  # noqa: B023 - called before the next turn
    rows: list[dict[str, Any]] = []
    for what in (_CHEAP, "search"):
        p99 = {}
        for beside in (False, True):
            replies = times[what, beside]
            values = [reply.ms for reply in replies if reply.status == 200]
            found = _percentiles(values, 50, 95, 99)
            p99[beside] = found["p99_ms"]
            row = {
                "what": f"healthy client, {what}, {'beside a crowd' if beside else 'idle server'}",
                "clients": count + 1 if beside else 1,
                "requests": len(replies),
                "errors": len(replies) - len(values),
                **found,
            }
            rows.append({**row, "p99_ratio": _ratio(p99[True], p99[False])} if beside else row)
    for kind, values in lasted.items():
        row = {"what": f"crowd: {kind}", "clients": len(values) // rounds, "longest_s": max(values, default=None)}
        rows.append(row)
    return rows


def _ask(server: Server, photos: Sequence[bytes], clients: int, seconds: float) -> tuple[list[Reply], float]:
    """Let all clients ask for ``seconds``; returns what came back by then, and how long it took."""
    found: list[list[Reply]] = [[] for _ in range(clients)]
    together = threading.Barrier(clients + 1)
    until = [0.0]

    def one(number: int) -> None:
        with Caller(server.port) as caller:
            together.wait()
            turn = number
            while time.perf_counter() < until[0]:
                reply = caller.search(photos[turn % len(photos)])
                found[number].append(Reply(reply.status, b"", reply.ms))
                turn += 1

    threads = [threading.Thread(target=one, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    until[0] = time.perf_counter() + seconds
    started = time.perf_counter()
    together.wait()
    for thread in threads:
        thread.join()
    return [reply for replies in found for reply in replies], time.perf_counter() - started


def _alone(work: Callable[[Any], object], items: Sequence[Any], threads: int) -> Callable[[float], float]:
    """Return what does ``work`` on ``items`` over and over for some seconds and tells how many a second."""

    def run(seconds: float) -> float:
        done = [0] * threads
        until = time.perf_counter() + seconds

        def one(number: int) -> None:
            turn = number
            while time.perf_counter() < until:
                work(items[turn % len(items)])
                turn += threads
                done[number] += 1

        started = time.perf_counter()
        workers = [threading.Thread(target=one, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return sum(done) / (time.perf_counter() - started)

    work(items[0])
    return run


def _sound(reply: Reply) -> Reply:
    if reply.status != 200:
        raise EdgeSearchError(
            f"the server answered a search with {reply.status}: {reply.body[:200].decode(errors='replace')}"
        )
    return reply


def _ratio(value: float | None, other: float | None) -> float | None:
    return round(value / other, 2) if value and other else None


def _percentiles(values: Sequence[float] | NDArray[np.float64], *which: int) -> dict[str, float | None]:
    if not len(values):
        return {f"p{q}_ms": None for q in which}
    return {f"p{q}_ms": round(float(np.percentile(values, q)), 2) for q in which}
