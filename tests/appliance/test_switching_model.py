"""Any sequence of changes, switches, stops and cancellations leaves a catalog that equals a plain model of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.errors import InvalidValue
from edge_search.index import builder
from edge_search.ingest import switch
from tests.conftest import make_photo

CONTENTS = 6
SKUS = ["S1", "S2", "S3"]
ENCODERS = [FakeEncoder(f"fake00000000000{grid}", name=f"grid{grid}", grid=grid) for grid in (4, 8, 16)]
contents: dict[int, bytes] = {}

skus, seeds = st.sampled_from(SKUS), st.integers(0, CONTENTS - 1)
targets = st.sampled_from([encoder.name for encoder in ENCODERS])


@pytest.fixture(scope="module", autouse=True)
def _small_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    for seed in range(CONTENTS):
        # A small JPEG is its own preview: what is encoded from there is the same.
        contents[seed] = make_photo(tmp_path_factory.mktemp("p") / "p.jpg", seed, size=(64, 64)).read_bytes()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(builder, "_TAIL_FREE", 0)
        patched.setattr(builder, "_MASKED_FREE", 0)
        patched.setattr(switch, "_BATCH", 1)
        yield


class Shop(RuleBasedStateMachine):
    """Two boxes of one home, as two processes have them, beside the model: pairs of SKU and photo, two names."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="shop-"))
        self.files: dict[str, int] = {}
        self.taught: set[tuple[str, int]] = set()
        self.encoder, self.pending = ENCODERS[0].name, ""
        self.boxes = [self.opened(), self.opened()]

    def opened(self) -> Box:
        return Box(self.folder / "home", encoder=ENCODERS, threads=1)

    def teardown(self) -> None:
        if hasattr(self, "boxes"):
            for box in self.boxes:
                box.close()
            shutil.rmtree(self.folder)

    def photos(self) -> set[tuple[str, int]]:
        return self.taught | set(self.files.items())

    @rule(sku=skus, seed=seeds, which=st.integers(0, 1))
    def put(self, sku: str, seed: int, which: int) -> None:
        path = self.folder / "shop" / sku / "1.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(contents[seed])
        self.files[sku] = seed
        self.boxes[which].index(self.folder / "shop")

    @precondition(lambda self: len(self.files) > 1)
    @rule(which=st.integers(0, 1))
    def delete(self, which: int) -> None:
        sku = sorted(self.files)[0]
        shutil.rmtree(self.folder / "shop" / sku)
        del self.files[sku]
        self.boxes[which].index(self.folder / "shop")

    @rule(sku=st.sampled_from(["T1", "T2"]), seed=seeds, which=st.integers(0, 1))
    def teach(self, sku: str, seed: int, which: int) -> None:
        self.boxes[which].add(sku, contents[seed])
        self.taught.add((sku, seed))

    @rule(name=targets, which=st.integers(0, 1))
    def begin(self, name: str, which: int) -> None:
        switching = self.boxes[which].switching
        if self.pending not in {"", name}:
            with pytest.raises(InvalidValue, match=f"a switch to {self.pending} is pending"):
                switching.start(name)
            return
        known = name == self.encoder and (self.photos() or self.settled())
        assert switching.start(name) == (not known)
        if not known:
            self.pending = name

    def settled(self) -> bool:
        with self.boxes[0].database.read() as tables:
            return bool(tables.execute("SELECT 1 FROM meta WHERE key = 'encoder'").fetchone())

    @precondition(lambda self: self.pending)
    @rule(batches=st.integers(0, 4), which=st.integers(0, 1))
    def step(self, batches: int, which: int) -> None:
        left = [False] * batches
        report = self.boxes[which].switching.run(stop=lambda: not left or left.pop())
        self.note(report is not None)

    @precondition(lambda self: self.pending)
    @rule(which=st.integers(0, 1))
    def finish(self, which: int) -> None:
        self.note(self.boxes[which].switching.run() is not None)
        assert not self.pending

    def note(self, done: bool) -> None:
        if done:
            self.encoder, self.pending = self.pending, ""

    @precondition(lambda self: self.pending)
    @rule(seed=seeds)
    def finish_while_taught(self, seed: int) -> None:
        told: list[int] = []

        def teach(done: int, total: int) -> None:
            told.append(done)
            if len(told) == 1:
                self.teach("T1", seed, 1)

        self.note(self.boxes[0].switching.run(teach) is not None)
        assert not self.pending

    @precondition(lambda self: self.pending)
    @rule(which=st.integers(0, 1))
    def cancel(self, which: int) -> None:
        self.boxes[which].switching.cancel()
        self.pending = ""

    @precondition(lambda self: self.files)
    @rule()
    def unplugged(self) -> None:
        """A folder that is not there now leaves its photos to their previews."""
        (self.folder / "shop").rename(self.folder / "elsewhere")
        try:
            if self.pending:
                self.finish(0)
        finally:
            (self.folder / "elsewhere").rename(self.folder / "shop")

    @rule(which=st.integers(0, 1))
    def compact(self, which: int) -> None:
        self.boxes[which].compact()
        wanted = {e.fingerprint for e in ENCODERS if e.name in {self.encoder, self.pending}}
        assert set(self.boxes[which].switching.features()) <= wanted

    @rule(which=st.integers(0, 1))
    def reopen(self, which: int) -> None:
        self.boxes[which].close()
        self.boxes[which] = self.opened()

    @rule()
    def verify(self) -> None:
        assert self.boxes[0].upkeep.verify() == []

    @invariant()
    def both_boxes_answer_with_the_catalogs_encoder(self) -> None:
        if not hasattr(self, "boxes"):
            return
        photos = self.photos()
        for box in self.boxes:
            for seed in range(0, CONTENTS, 2):
                answer = box.search(contents[seed], 50)
                if photos:
                    assert answer.encoder.startswith(f"{self.encoder}@")
                assert sorted(hit.sku for hit in answer.hits) == sorted({sku for sku, _ in photos})
                sure = {hit.sku for hit in answer.hits if hit.similarity > 0.999}
                assert sure == {sku for sku, held in photos if held == seed}

    @invariant()
    def what_is_pending_is_known(self) -> None:
        if hasattr(self, "boxes"):
            pending = self.boxes[1].switching.pending()
            assert (pending.to if pending else "") == self.pending


TestShop = Shop.TestCase
TestShop.settings = settings(
    max_examples=15, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
)
