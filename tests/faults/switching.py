"""What the fault tests of a switch share: a home with two encoders, and questions to it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.store import catalog_encoder, generations
from tests.faults.driver import Acks, draw, index_with_acks

__all__ = ["NAMES", "ask_on", "bring", "encoders", "fresh", "looked_at", "opened_both", "switch"]

NAMES = ("old", "new")


def encoders() -> list[FakeEncoder]:
    """Return the two encoders; their features have other lengths, so that a mixture would fail at once."""
    return [FakeEncoder(name="old"), FakeEncoder("fake000000000001", name="new", grid=8)]


def opened_both(home: Path, **settings: Any) -> Box:
    """Open a home that has both encoders."""
    return Box(home, encoder=encoders(), **settings)


def switch(home: Path, name: str) -> None:
    """Switch the catalog, as ``model use`` does."""
    with opened_both(home) as box:
        if box.switching.start(name):
            box.switching.run()


def looked_at(home: Path, seeds: list[int]) -> tuple[list[str], str, str | None]:
    """Look at a home as a process that opens it anew.

    Returns:
        (what is wrong, the encoder in use, the one that a switch is pending to).
    """
    with opened_both(home) as box:
        wrong = [damage.text for damage in box.upkeep.verify()]
        name = box.encoders.name
        with box.database.read() as tables:
            generation, pending = generations.current(tables), catalog_encoder.pending(tables)
        if generation is not None and generation.fingerprint != box.encoders.fingerprint:
            wrong.append("the generation is of another encoder than the catalog")
        for seed in seeds:
            wrong += _wrong(box, seed)
        return wrong, name, pending.name if pending else None


def ask_on(home: Path, seeds: list[int], done: Path) -> tuple[list[str], list[str], int]:
    """Ask until the file ``done`` is there; returns (what was wrong, the encoders met in turn, questions)."""
    wrong: list[str] = []
    met: list[str] = []
    count = 0
    with opened_both(home) as box:
        while not (ends := done.exists()) or count < len(seeds):
            seed = seeds[count % len(seeds)]
            wrong += _wrong(box, seed, met)
            count += 1
            time.sleep(0.01)  # a shopper, not a benchmark: others have work to do
            if ends and count >= len(seeds):
                break
    return wrong, met, count


def _wrong(box: Box, seed: int, met: list[str] | None = None) -> list[str]:
    answer = box.search(draw(seed), 3)
    if met is not None and (not met or met[-1] != answer.encoder):
        met.append(answer.encoder)
    known = {f"{encoder.name}@{encoder.fingerprint}" for encoder in encoders()}
    if answer.encoder not in known:
        return [f"{seed}: answered by {answer.encoder}"]
    if not answer.hits or answer.hits[0].sku not in {f"S{seed}", f"T{seed}"} or answer.hits[0].similarity < 0.999:
        found = [(hit.sku, hit.similarity) for hit in answer.hits]
        return [f"{seed}: {answer.encoder} found {found}"]
    return []


def bring(home: Path, folder: Path, acks: Path, first: int) -> None:
    """Index what is new in ``folder``, and teach, acknowledging each when it is stored."""
    with opened_both(home) as box, Acks(acks) as acked:
        for seed in range(first, first + 10):
            box.add(f"T{seed}", draw(seed), title=f"taught {seed}")
            acked.put("taught", f"T{seed}")
            time.sleep(0.01)
        index_with_acks(box, folder, acked)


def fresh(home: Path, folder: Path, taught: list[int], name: str) -> tuple[str, list[Any]]:
    """Index everything anew with one encoder; returns the catalog's digest and some answers."""
    chosen = next(encoder for encoder in encoders() if encoder.name == name)
    with Box(home, encoder=chosen) as box:
        if folder.is_dir():
            box.index(folder)
            for seed in taught:
                box.add(f"T{seed}", draw(seed), title=f"taught {seed}")
            box.compact()
        return answers(box)


def answers(box: Box) -> tuple[str, list[Any]]:
    """Return the catalog's digest, and what some photos find."""
    found = [
        [(hit.sku, round(hit.similarity, 4)) for hit in box.search(draw(seed), 20, exact=True).hits]
        for seed in range(0, 200, 20)
    ]
    return box.status().catalog_digest, found
