"""`bench serve --teach`: teaching over HTTP while many photos are taken in beside it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from edge_search.appliance.box import Box
from edge_search.bench.ingest import small_photos
from edge_search.bench.server import Caller, Server
from edge_search.bench.shop import KIOSK, drawn_photo
from edge_search.errors import EdgeSearchError

__all__ = ["bench_teaching"]

_EVERY_S = 0.2
_MOST = 100


def bench_teaching(server: Server, home: Path, *, photos: int) -> list[dict[str, Any]]:
    """Teach a photo and search for it, again and again, while another process indexes ``photos`` small photos.

    Returns:
        A row for teaching and one for the search after it; ``found_at_once`` counts taught photos that the very next
        search, which was sent when teaching was answered, named first.

    Raises:
        EdgeSearchError: the other process failed.
    """
    with Box(home) as box:
        token = box.tokens.create("bench", "staff")
        before = box.status().images
    taught, asked, found, refused = [], [], 0, 0
    with tempfile.TemporaryDirectory() as scratch, Caller(server.port) as caller:
        small_photos(Path(scratch), photos)
        ingest = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-m", "edge_search", "--home", str(home), "index", "--no-adapt", scratch],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            with Box(home) as box:
                _until_more(box, before, ingest)
            number = 0
            while ingest.poll() is None and number < _MOST:
                number += 1
                photo = drawn_photo(KIOSK, 1_000_000 + number)
                sku = f"taught-{number:04d}"
                reply = caller.teach(sku, photo, token)
                if reply.status != 201:
                    refused += 1
                    continue
                answer = caller.search(photo)
                taught.append(reply.ms)
                asked.append(answer.ms)
                found += answer.status == 200 and answer.document["hits"][0]["sku"] == sku
                time.sleep(_EVERY_S)
            if ingest.poll():
                assert ingest.stderr is not None
                said = ingest.stderr.read().decode(errors="replace")[-200:]
                raise EdgeSearchError(f"the ingest beside which was taught failed: {said}")
        finally:
            ingest.kill()  # enough was taught; the rest of the photos doesn't matter
            ingest.communicate()
    rows = []
    for what, values in (("teach", taught), ("search after it", asked)):
        p50, p95 = np.percentile(values, [50, 95]) if values else (None, None)
        row = {"what": f"beside an ingest of {photos:,} photos: {what}", "requests": len(values), "errors": refused}
        rows.append({**row, "p50_ms": _rounded(p50), "p95_ms": _rounded(p95)})
    rows[0]["found_at_once"] = found
    return rows


def _until_more(box: Box, before: int, ingest: subprocess.Popen[bytes]) -> None:
    """Wait until the ingest stores its first photos."""
    while ingest.poll() is None and box.status().images == before:
        time.sleep(0.05)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 2)
