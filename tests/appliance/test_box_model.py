"""Any sequence of changes leaves a store that equals a plain model of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.errors import NotFound
from edge_search.index import builder
from edge_search.store import images
from tests.conftest import make_photo

SKUS = ["S1", "S2", "S3", "S4"]
SOURCES = ["a", "b"]
CONTENTS = 8
contents: dict[int, bytes] = {}

skus, sources = st.sampled_from(SKUS), st.sampled_from(SOURCES)
names, seeds = st.sampled_from(["1.jpg", "2.jpg"]), st.integers(0, CONTENTS - 1)
tables = st.none() | st.dictionaries(skus, st.sampled_from([1.0, 2.0]), min_size=1)


@pytest.fixture(scope="module", autouse=True)
def _small_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    for seed in range(CONTENTS):
        contents[seed] = make_photo(tmp_path_factory.mktemp("p") / "p.jpg", seed, size=(64, 64)).read_bytes()
    with pytest.MonkeyPatch.context() as patched:
        # One photo is many here: segments are built and merged all the time.
        patched.setattr(builder, "_TAIL_FREE", 0)
        patched.setattr(builder, "_MASKED_FREE", 0)
        yield


class Model:
    """What the store must say, in plain sets and dicts."""

    def __init__(self) -> None:
        self.files: dict[str, dict[tuple[str, str], int]] = {source: {} for source in SOURCES}
        self.tables: dict[str, dict[str, float] | None] = dict.fromkeys(SOURCES)
        self.had_table = dict.fromkeys(SOURCES, False)
        self.rows: dict[str, dict[tuple[str, str], int]] = {source: {} for source in SOURCES}
        self.values: dict[str, dict[str, float | None]] = {source: {} for source in SOURCES}
        self.order: list[str] = []
        self.local: dict[str, float | None] = {}
        self.taught: set[tuple[str, int]] = set()
        self.hidden_skus: set[str] = set()
        self.hidden_photos: set[tuple[str, int]] = set()

    def sync(self, source: str, *, yes: bool) -> bool:
        """Bring a source's rows to its files; returns whether that was held."""
        if source not in self.order:
            self.order.append(source)
        table, had_table = self.tables[source], self.had_table[source] and not yes
        self.had_table[source] = table is not None or had_table
        pictured = {sku for sku, _ in self.rows[source]}
        if not self.files[source] and not table and not yes and (pictured or (self.values[source] and not had_table)):
            return True
        self.rows[source] = dict(self.files[source])
        if table is not None:
            self.values[source] = dict(table)
        elif not had_table:
            self.values[source] = dict.fromkeys(sku for sku, _ in self.files[source])
        return False

    def shown(self) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        for layer in [*(self.values[source] for source in reversed(self.order)), self.local]:
            for sku, price in layer.items():
                found[sku] = found.get(sku) if price is None else price
        return {sku: price for sku, price in found.items() if sku not in self.hidden_skus}

    def photos(self) -> set[tuple[str, int]]:
        followed = {(sku, seed) for rows in self.rows.values() for (sku, _), seed in rows.items()}
        return {pair for pair in followed | self.taught if pair[0] in self.shown()} - self.hidden_photos


class Shop(RuleBasedStateMachine):
    """The real box beside the model."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="shop-"))
        for source in SOURCES:
            (self.folder / source).mkdir()
        self.model, self.encoder = Model(), FakeEncoder()
        self.names: dict[int, tuple[str, str]] = {}
        self.seq = 0
        self.box = Box(self.folder / "home", encoder=self.encoder, threads=1)

    def teardown(self) -> None:
        if hasattr(self, "box"):
            self.box.close()
            shutil.rmtree(self.folder)

    @rule(source=sources, sku=skus, name=names, seed=seeds)
    def put(self, source: str, sku: str, name: str, seed: int) -> None:
        path = self.folder / source / sku / name
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(contents[seed])
        self.model.files[source][sku, name] = seed

    @rule(source=sources, name=names, seed=seeds)
    def put_one_of_each(self, source: str, name: str, seed: int) -> None:
        for number, sku in enumerate(SKUS):
            self.put(source, sku, name, (seed + number) % CONTENTS)

    @rule(source=sources, sku=skus)
    def delete(self, source: str, sku: str) -> None:
        shutil.rmtree(self.folder / source / sku, ignore_errors=True)
        for key in [key for key in self.model.files[source] if key[0] == sku]:
            del self.model.files[source][key]

    @rule(source=sources, table=tables)
    def write_table(self, source: str, table: dict[str, float] | None) -> None:
        path = self.folder / source / "products.csv"
        self.model.tables[source] = table
        if table is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text("\n".join(["sku,price", *(f"{sku},{price}" for sku, price in table.items())]))

    @rule(source=sources, yes=st.booleans())
    def sync(self, source: str, yes: bool) -> None:
        for _ in range(2):
            report = self.box.index(self.folder / source, yes=yes)
            assert (report.held is not None) == self.model.sync(source, yes=yes)
        assert (report.added, report.updated, report.removed, report.encoded) == (0, 0, 0, 0)

    @rule(sku=skus, price=st.sampled_from([7.0, 8.0]))
    def set_price(self, sku: str, price: float) -> None:
        self.box.products.set(sku, {"price": price})
        self.model.hidden_skus.discard(sku)
        self.model.local[sku] = price

    @rule(sku=skus)
    def reset(self, sku: str) -> None:
        if sku not in self.model.hidden_skus and sku not in self.model.shown():
            with pytest.raises(NotFound):
                self.box.products.reset(sku)
            return
        self.box.products.reset(sku)
        if sku in self.model.hidden_skus:  # it comes back as it was
            self.model.hidden_skus.remove(sku)
            return
        self.model.hidden_photos = {pair for pair in self.model.hidden_photos if pair[0] != sku}
        self.model.local.pop(sku, None)
        if any(taught == sku for taught, _ in self.model.taught):
            self.model.local[sku] = None

    @rule(sku=skus)
    def remove(self, sku: str) -> None:
        if sku not in self.model.shown():
            with pytest.raises(NotFound):
                self.box.products.remove(sku)
            return
        self.box.products.remove(sku)
        self.model.hidden_skus.add(sku)

    @rule(sku=skus, seed=seeds)
    def teach(self, sku: str, seed: int) -> None:
        self.box.add(sku, contents[seed])
        self.model.taught.add((sku, seed))
        self.model.hidden_photos.discard((sku, seed))
        self.model.hidden_skus.discard(sku)
        self.model.local.setdefault(sku, None)

    @precondition(lambda self: self.model.photos())
    @rule(data=st.data())
    def remove_photo(self, data: st.DataObject) -> None:
        sku, seed = data.draw(st.sampled_from(sorted(self.model.photos())))
        hit = next(hit for hit in self.box.search(contents[seed], 9, where=f"sku={sku}").hits)
        assert hit.similarity > 0.9999
        self.box.remove_image(hit.image_id)
        self.model.hidden_photos.add((sku, seed))

    @rule()
    def compact(self) -> None:
        self.box.compact()
        assert not [reason for reason in self.box.status().degraded if reason.startswith("index")]

    @rule(damage=st.sampled_from(["none", "delete", "cut", "flip"]), which=st.integers(0, 5))
    def reopen(self, damage: str, which: int) -> None:
        self.box.close()
        files = sorted((self.folder / "home" / "index").iterdir())
        if files and damage != "none":
            path = files[which % len(files)]
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.unlink()
            if damage != "delete":
                path.write_bytes(data if damage == "flip" else data[: len(data) // 2])
        self.box = Box(self.folder / "home", encoder=self.encoder, threads=1)

    @invariant()
    def products_are_those_of_the_model(self) -> None:
        if hasattr(self, "box"):
            assert {row["sku"]: row["price"] for row in self.box.products} == self.model.shown()

    @invariant()
    def every_photo_finds_its_skus(self) -> None:
        if not hasattr(self, "box"):
            return
        photos = self.model.photos()
        for seed in range(0, CONTENTS, 3):
            hits = self.box.search(contents[seed], 50).hits
            assert sorted(hit.sku for hit in hits) == sorted({sku for sku, _ in photos})
            assert {hit.sku for hit in hits if hit.similarity > 0.9999} == {s for s, held in photos if held == seed}

    @invariant()
    def index_holds_every_live_photo(self) -> None:
        if hasattr(self, "box"):
            with self.box.database.read() as tables:
                view, live = self.box.catalog_index.view(tables), images.searchable(tables)
                found, _ = view.score(np.ones(self.encoder.dimension, np.float32), live, len(live) + 1)
            assert sorted(found.tolist()) == live.tolist()

    @invariant()
    def keys_and_numbers_are_never_used_again(self) -> None:
        for key, name in self._rows("SELECT image_id, sku, content_hash FROM images"):
            assert self.names.setdefault(key, name) == name
        log = [seq for seq, _ in self._rows("SELECT seq, 0, 0 FROM changes ORDER BY seq")]
        assert len(set(log)) == len(log)
        assert (log[-1] if log else 0) >= self.seq
        self.seq = log[-1] if log else 0

    def _rows(self, sql: str) -> Iterator[tuple[int, tuple[str, str]]]:
        if hasattr(self, "box"):
            with self.box.database.read() as tables:
                yield from [(row[0], (row[1], row[2])) for row in tables.execute(sql).fetchall()]


TestShop = Shop.TestCase
TestShop.settings = settings(
    max_examples=25, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)
)
