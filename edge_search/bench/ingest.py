"""`bench ingest`: how close a sync comes to what decoder and encoder alone could do together."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from edge_search.appliance.box import Box
from edge_search.encoder.encoder import Encoder
from edge_search.imaging.decode import decode
from edge_search.imaging.simulate import simulate
from edge_search.imaging.views import views

__all__ = ["bench_ingest", "small_photos"]

_PHOTO_PX = 348  # the side of small catalog photos; larger ones cost more to decode, and the same to encode


def small_photos(folder: Path, count: int, *, seed: int = 0) -> list[Path]:
    """Write ``count`` photo-like JPEGs of 348 x 348 pixels, all different, a SKU each."""
    rng = np.random.default_rng(seed)
    paths = []
    for number in range(count):
        blocks = Image.fromarray(rng.integers(0, 255, (6, 6, 3), dtype=np.uint8), "RGB")
        motif = blocks.resize((_PHOTO_PX, _PHOTO_PX), Image.Resampling.BICUBIC)
        path = folder / f"sku-{number:05d}" / "front.jpg"
        path.parent.mkdir(parents=True)
        simulate(motif, rng).save(path, quality=88)
        paths.append(path)
    return paths


def bench_ingest(photos: Sequence[Path], folder: Path, *, rounds: int = 3, **settings: Any) -> list[dict[str, Any]]:
    """Measure decoding alone, encoding alone and a whole sync of ``folder``, in turn, ``rounds`` times.

    Returns:
        One row each with photos a second (medians). ``decode+encode`` is what the two could do together on the
        same cores, one after the other; the last row has the sync's share of it.
    """
    with tempfile.TemporaryDirectory() as scratch, Box(Path(scratch) / "first", **settings) as box:
        encoder, workers = box.encoders.ingest, box.encoders.cores
        runtime, precision = encoder.runtime.name, encoder.runtime.precision
        data = [path.read_bytes() for path in photos]
        pixels = [views(decode(item), encoder.recipe) for item in data]
        decode_s, encode_s, sync_s = [], [], []
        for number in range(rounds):
            decode_s.append(_timed(lambda item: views(decode(item), encoder.recipe), data, workers))
            encode_s.append(_timed(encoder.encode_views, pixels, workers))
            sync_s.append(_synced(Path(scratch) / f"home-{number}", folder, encoder, settings))
    ideal = statistics.median(d + e for d, e in zip(decode_s, encode_s, strict=True))
    share = statistics.median((d + e) / s for d, e, s in zip(decode_s, encode_s, sync_s, strict=True))
    common = {"runtime": runtime, "precision": precision, "threads": workers, "photos": len(photos)}
    return [
        {"what": "decode", **common, "photos_per_s": _rate(photos, statistics.median(decode_s))},
        {"what": "encode", **common, "photos_per_s": _rate(photos, statistics.median(encode_s))},
        {"what": "decode+encode", **common, "photos_per_s": _rate(photos, ideal)},
        {
            "what": "ingest",
            **common,
            "photos_per_s": _rate(photos, statistics.median(sync_s)),
            "share_of_decode+encode": round(share, 3),
        },
    ]


def _timed(work: Callable[[Any], object], items: Sequence[Any], workers: int) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(work, items):
            pass
    return time.perf_counter() - started


def _synced(home: Path, folder: Path, encoder: Encoder, settings: dict[str, Any]) -> float:
    with Box(home, encoder=encoder, **settings) as box:
        started = time.perf_counter()
        box.index(folder)
        return time.perf_counter() - started


def _rate(photos: Sequence[Path], seconds: float) -> float:
    return round(len(photos) / seconds, 1)
