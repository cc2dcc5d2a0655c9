"""A stick with photos: what it would bring, and taking it in."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_search.appliance import media as module
from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.errors import InvalidValue, NoSpace, NotFound, SourceMissing
from edge_search.imaging.photo import read_photo
from edge_search.store import images, sources
from edge_search.sync import media_copy
from edge_search.sync.media_plan import plan_media
from edge_search.types import MediaReport
from tests.conftest import make_photo

Photo = Callable[..., Path]


@pytest.fixture
def stick(tmp_path: Path, photo: Photo) -> Path:
    for number, sku in enumerate(("tea", "oats", "milk")):
        photo(tmp_path / "stick" / sku / "1.jpg", number)
    return tmp_path / "stick"


def table(folder: Path, *lines: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "products.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def files(root: Path) -> dict[str, str]:
    found = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def counts(report: MediaReport) -> tuple[int, int, int, int, int, int, int | None]:
    return (
        len(report.new), len(report.changed), report.unchanged, len(report.unreadable), len(report.unknown_sku),
        report.products_changed, report.taken,
    )  # fmt: skip


def test_a_preview_says_what_would_come_and_writes_nothing(box: Box, stick: Path) -> None:
    (stick / "tea" / "bad.jpg").write_bytes((stick / "tea" / "1.jpg").read_bytes()[:-300])
    (stick / "tea" / "empty.jpg").touch()
    before = files(box.home.root)
    seen: list[tuple[int, int]] = []
    report = box.media.preview(stick, progress=lambda done, total: seen.append((done, total)))
    assert counts(report) == (3, 0, 0, 2, 0, 0, None)
    assert {bad.path for bad in report.unreadable} == {"tea/bad.jpg", "tea/empty.jpg"}
    assert all(str(stick) not in bad.reason and bad.reason for bad in report.unreadable)
    assert {(photo.path, photo.sku) for photo in report.new} == {(f"{s}/1.jpg", s) for s in ("tea", "oats", "milk")}
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert files(box.home.root) == before
    assert report.into == str(box.home.catalog)


def test_the_report_is_the_contracts_document(box: Box, stick: Path) -> None:
    document = json.loads(json.dumps(box.media.preview(stick).to_dict()))
    assert set(document) >= {
        "path", "new", "changed", "unchanged", "unreadable", "unknown_sku", "products_changed", "taken", "into",
    }  # fmt: skip
    assert document["new"][0] == {"path": "milk/1.jpg", "sku": "milk"}
    assert document["taken"] is None


def test_what_was_taken_is_found_and_the_stick_may_go(box: Box, stick: Path) -> None:
    table(stick, "sku,title,price", "tea,Tea,1", "oats,Oats,2", "milk,Milk,3")
    report = box.media.take(stick)
    assert counts(report) == (3, 0, 0, 0, 0, 3, 3)
    assert report.index is not None
    assert (report.index.added, report.index.products, report.index.inbox) == (3, 3, 0)
    copied = {name: digest for name, digest in files(stick).items() if name.endswith(".jpg")}
    assert {n: d for n, d in files(box.home.catalog).items() if n.endswith(".jpg")} == copied
    query = (stick / "oats" / "1.jpg").read_bytes()
    shutil.rmtree(stick)
    hit = box.search(query).hits[0]
    assert (hit.sku, hit.title, hit.price) == ("oats", "Oats", 2.0)
    assert box.index().products == 3


def test_a_second_time_is_a_no_op(box: Box, stick: Path) -> None:
    table(stick, "sku,title", "tea,Tea", "oats,Oats", "milk,Milk")
    box.media.take(stick)
    before, head = files(box.home.catalog), box.changes.head()
    report = box.media.take(stick)
    assert counts(report) == (0, 0, 3, 0, 0, 0, 0)
    assert report.index is not None
    assert (report.index.added, report.index.updated, report.index.removed, report.index.encoded) == (0, 0, 0, 0)
    assert (files(box.home.catalog), box.changes.head()) == (before, head)


def test_changed_photos_replace_and_nothing_else_goes(box: Box, stick: Path, photo: Photo) -> None:
    box.media.take(stick)
    own = photo(box.home.catalog / "rice" / "1.jpg", 50)
    photo(stick / "tea" / "1.jpg", 60)
    same = stick / "oats" / "1.jpg"
    data = bytearray(same.read_bytes())
    data[-3] ^= 1  # the same size, other bytes
    same.write_bytes(data)
    (stick / "milk" / "1.jpg").unlink()
    preview = box.media.preview(stick)
    assert counts(preview) == (0, 2, 0, 0, 0, 0, None)
    report = box.media.take(stick)
    assert [photo.path for photo in report.changed] == ["oats/1.jpg", "tea/1.jpg"]
    assert (report.taken, own.exists(), (box.home.catalog / "milk" / "1.jpg").exists()) == (2, True, True)
    assert (box.home.catalog / "tea" / "1.jpg").read_bytes() == (stick / "tea" / "1.jpg").read_bytes()
    assert box.search(stick / "tea" / "1.jpg").hits[0].sku == "tea"


def test_rows_are_merged_by_sku_and_the_old_table_is_kept(box: Box, stick: Path) -> None:
    table(stick, "sku,title,price", "tea,Tea,1", "oats,Oats,2", "milk,Milk,3")
    box.media.take(stick)
    mine = "sku;title;price;Shelf\ntea;My tea;9,00;S1\nrice;Rice;4,00;\nmilk;Milk;3,00;\n"
    (box.home.catalog / "products.csv").write_text(mine, encoding="utf-8")
    table(stick, "sku,price", "tea,1.50", "oats,2", "bad,row,much", "milk,")
    report = box.media.take(stick)
    assert report.products_changed == 2
    assert [bad.path for bad in report.unreadable] == ["products.csv:4"]
    assert (box.home.catalog / "products.csv.bak").read_text(encoding="utf-8") == mine
    assert {row["sku"]: (row["title"], row["price"]) for row in box.products} == {
        "tea": ("My tea", 1.5),
        "rice": ("Rice", 4.0),
        "milk": ("Milk", 3.0),
        "oats": (None, 2.0),
    }


def test_a_first_table_hides_nothing_that_was_shown(box: Box, stick: Path, tmp_path: Path, photo: Photo) -> None:
    box.media.take(stick)
    other = tmp_path / "other"
    photo(other / "rice" / "1.jpg", 40)
    table(other, "sku,title", "rice,Rice")
    report = box.media.take(other)
    assert report.index is not None
    assert (report.products_changed, report.index.products, report.index.inbox) == (1, 4, 0)


def test_unknown_skus_wait_in_the_inbox_and_are_told(box: Box, stick: Path, photo: Photo) -> None:
    table(stick, "sku,title", "tea,Tea", "oats,Oats")
    report = box.media.take(stick)
    assert [(photo.path, photo.sku) for photo in report.unknown_sku] == [("milk/1.jpg", "milk")]
    assert (len(report.new), report.taken) == (2, 3)
    assert [item.sku for item in box.inbox()] == ["milk"]
    assert box.media.take(stick).unknown_sku == ()
    table(stick, "sku,title", "milk,Milk")
    report = box.media.take(stick)
    assert report.index is not None
    assert (report.index.inbox, report.index.encoded, report.products_changed) == (0, 0, 1)


def test_a_cameras_card_gives_no_garbage_products(box: Box, stick: Path, photo: Photo) -> None:
    photo(stick / "DCIM" / "100CANON" / "IMG_0001.JPG", 70)
    photo(stick / "IMG_0002.jpg", 71)
    report = box.media.take(stick)
    assert [(photo.path, photo.sku) for photo in report.unknown_sku] == [
        ("DCIM/100CANON/IMG_0001.JPG", ""),
        ("IMG_0002.jpg", ""),
    ]
    assert (report.taken, len(box.products)) == (3, 3)
    inner = box.media.preview(stick / "DCIM" / "100CANON")
    assert [photo.sku for photo in inner.unknown_sku] == [""]


def test_a_name_that_the_box_knows_is_a_sku_whatever_it_looks_like(box: Box, tmp_path: Path, photo: Photo) -> None:
    photo(tmp_path / "stick" / "IMG_0002.jpg", 71)
    box.products.set("IMG_0002", {"title": "Camera strap"})
    assert box.media.take(tmp_path / "stick").taken == 1


def test_photos_named_by_a_row_are_named_by_their_place(box: Box, tmp_path: Path, photo: Photo) -> None:
    stick = tmp_path / "stick"
    photo(stick / "pics" / "a:1.jpg", 1)
    photo(stick / "pics" / "b.jpg", 2)
    table(stick, "sku,title,images", "T1,Tea,pics/*.jpg")
    report = box.media.take(stick)
    assert report.index is not None
    assert (report.taken, report.index.skipped) == (2, ())
    assert [image["path"] for image in box.products.get("T1")["images"]] == ["pics/a_1.jpg", "pics/b.jpg"]
    assert counts(box.media.take(stick)) == (0, 0, 2, 0, 0, 0, 0)


def test_into_a_followed_folder_and_no_other(box: Box, stick: Path, tmp_path: Path, photo: Photo) -> None:
    shop = tmp_path / "shop"
    photo(shop / "rice" / "1.jpg", 40)
    with pytest.raises(InvalidValue, match="not a catalog folder of this box") as raised:
        box.media.take(stick, shop)
    assert str(box.home.catalog) in str(raised.value)
    box.index(shop)
    report = box.media.take(stick, shop)
    assert (report.taken, report.into, len(box.products)) == (3, str(shop), 4)
    assert (shop / "tea" / "1.jpg").is_file()
    assert not box.home.catalog.exists()
    shop.rename(tmp_path / "away")
    with pytest.raises(SourceMissing, match="not there now"):
        box.media.take(stick, shop)


def test_a_folder_of_the_box_itself_is_no_medium(box: Box, stick: Path) -> None:
    box.index(stick)
    for path, into in ((stick, stick), (stick / "tea", stick), (stick.parent, stick), (box.home.root / "taught", None)):
        with pytest.raises(InvalidValue, match="folder of the box itself"):
            box.media.preview(path, into)


def test_a_stick_that_is_not_there_is_named(box: Box, tmp_path: Path) -> None:
    for call in (box.media.preview, box.media.take):
        with pytest.raises(SourceMissing, match="no such folder"):
            call(tmp_path / "none")
    assert not box.home.catalog.exists()
    with pytest.raises(NotFound, match="not plugged in any more"):
        box.media.named("0123456789abcdef")


def test_an_empty_stick_makes_no_folder(box: Box, tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    assert counts(box.media.take(tmp_path / "stick")) == (0, 0, 0, 0, 0, 0, 0)
    assert not box.home.catalog.exists()


def test_links_on_a_stick_are_not_followed(box: Box, stick: Path, tmp_path: Path, photo: Photo) -> None:
    secret = photo(tmp_path / "secret.jpg", 80)
    (stick / "tea" / "link.jpg").symlink_to(secret)
    (stick / "folder").symlink_to(tmp_path)
    (tmp_path / "list.csv").write_text("sku\nsecret\n", encoding="utf-8")
    (stick / "products.csv").symlink_to(tmp_path / "list.csv")
    report = box.media.take(stick)
    assert {bad.path for bad in report.unreadable} == {"folder", "products.csv", "tea/link.jpg"}
    assert report.taken == 3
    assert not any(path.is_symlink() for path in box.home.catalog.rglob("*"))
    assert "secret" not in box.products


def test_a_photo_swapped_for_a_link_is_not_copied(
    box: Box, stick: Path, tmp_path: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = photo(tmp_path / "secret.jpg", 80)
    real = plan_media

    def swapped(*arguments: object) -> object:
        plan = real(*arguments)  # type: ignore[arg-type]
        (stick / "tea" / "1.jpg").unlink()
        (stick / "tea" / "1.jpg").symlink_to(secret)
        return plan

    monkeypatch.setattr(module, "plan_media", swapped)
    report = box.media.take(stick)
    assert [(bad.path, "a link" in bad.reason) for bad in report.unreadable] == [("tea/1.jpg", True)]
    assert secret.read_bytes() not in [path.read_bytes() for path in box.home.catalog.rglob("*.jpg")]


def test_nothing_is_written_outside_of_the_catalog(box: Box, stick: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    box.home.catalog.mkdir()
    (box.home.catalog / "tea").symlink_to(outside)
    report = box.media.take(stick)
    assert [(bad.path, "leads out" in bad.reason) for bad in report.unreadable] == [("tea/1.jpg", True)]
    assert list(outside.iterdir()) == []
    assert report.taken == 2


def test_what_does_not_fit_is_said_before_anything_is_copied(
    box: Box, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(box.home.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type(usage)(2**40, 2**40, 65 * 2**20))
    monkeypatch.setattr(module, "_ROW_BYTES", 2**20)
    with pytest.raises(
        NoSpace, match=r"3\.\d MiB are needed and 64\.0 MiB kept in reserve, but only 65\.0 MiB"
    ) as raised:
        box.media.take(stick)
    assert "\n" not in str(raised.value)
    assert not box.home.catalog.exists()


class Pulled:
    """Takes the stick away after a number of photos were read."""

    def __init__(self, stick: Path, after: int) -> None:
        self.stick, self.left, self.real = stick, after, read_photo

    def __call__(self, path: object, *limits: object) -> bytes:
        if self.left == 0 and self.stick.exists():
            self.stick.rename(self.stick.with_name("pocket"))
        self.left -= 1
        return self.real(path, *limits)  # type: ignore[arg-type]


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_stick_that_is_pulled_out_leaves_whole_photos_and_a_rerun_goes_on(
    box: Box, stick: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    for number in range(20):
        photo(stick / f"S{number:02}" / "1.jpg", 100 + number)
    table(stick, "sku,title", *(f"S{number:02},T{number}" for number in range(20)), "tea,Tea", "oats,O", "milk,M")
    whole = set(files(stick).values())
    with monkeypatch.context() as patched:
        patched.setattr(media_copy, "read_photo", Pulled(stick, after))
        with pytest.raises(SourceMissing, match="taken away in the middle; what was copied is kept"):
            box.media.take(stick)
    came = {name: digest for name, digest in files(box.home.catalog).items() if name.endswith(".jpg")}
    assert set(came.values()) <= whole
    assert len(came) < 23
    with box.database.read() as tables:
        assert images.count(tables) == len(came)  # what did come is found
    stick.with_name("pocket").rename(stick)
    report = box.media.take(stick)
    assert (report.taken, report.unchanged) == (23 - len(came), len(came))
    assert len(box.products) == 23


_KILLED = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from edge_search.appliance.box import Box
    from edge_search.encoder.fake_runtime import FakeEncoder
    home, stick = map(Path, sys.argv[1:])
    with Box(home, encoder=FakeEncoder()) as box:
        print("open", flush=True)
        box.media.take(stick)
        print("done", flush=True)
    """
)


def test_a_kill_in_the_middle_leaves_whole_photos_and_a_rerun_goes_on(home: Path, stick: Path, photo: Photo) -> None:
    for number in range(60):
        photo(stick / f"S{number:02}" / "1.jpg", 100 + number, size=(200, 200))
    table(stick, "sku,title", *(f"S{number:02},T{number}" for number in range(60)), "tea,Tea", "oats,O", "milk,M")
    whole = set(files(stick).values())
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for delay in (0.0, 0.02, 0.06, 0.12, 0.2, 0.3):
        with subprocess.Popen(
            [sys.executable, "-c", _KILLED, str(home), str(stick)], stdout=subprocess.PIPE, env=environment
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"open\n"
            time.sleep(delay)
            child.kill()
            ended = child.stdout.read()
        came = {
            p: h
            for p, h in files(home / "catalog").items()
            if p.endswith(".jpg") and not p.split("/")[-1].startswith(".")
        }
        assert set(came.values()) <= whole
        if ended:
            break
    with Box(home, encoder=FakeEncoder()) as box:
        report = box.media.take(stick)
        assert report.unchanged + (report.taken or 0) == 63
        assert box.index().images == 63
        assert {row["sku"]: row["title"] for row in box.products}["S07"] == "T7"


def test_a_folder_that_is_written_into_at_once_by_two_is_whole(home: Path, stick: Path, photo: Photo) -> None:
    from threading import Thread

    for number in range(10):
        photo(stick / f"S{number:02}" / "1.jpg", 100 + number)
    with Box(home, encoder=FakeEncoder()) as one, Box(home, encoder=FakeEncoder()) as other:
        taken: list[int | None] = []
        threads = [Thread(target=lambda box=box: taken.append(box.media.take(stick).taken)) for box in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(taken, key=str) == [0, 13]
        assert one.index().images == 13


def test_imported_photos_are_in_a_backup(box: Box, stick: Path, tmp_path: Path) -> None:
    import tarfile

    box.media.take(stick)
    written = box.upkeep.backup(tmp_path / "b.tar")
    with tarfile.open(written.path) as tar:
        assert "catalog/tea/1.jpg" in tar.getnames()


NAMES = [
    "1.jpg",
    "IMG_1.JPG",
    "a:b.jpg",
    "CON.jpg",
    "é.jpg",
    "e\u0301.jpg",
    "x" * 200 + ".png",
    "in/1.jpg",
    "In/1.jpg",
    "a\nb.jpg",
]
SKUS = ["tea", "TEA", "0042", "AUX", "A:1", " pad ", "茶", "a__b", "DCIM"]
TREE = st.dictionaries(st.tuples(st.sampled_from(SKUS), st.sampled_from(NAMES)), st.integers(0, 5), max_size=8)
ROWS = st.none() | st.dictionaries(st.sampled_from([sku.strip() for sku in SKUS]), st.integers(1, 9), max_size=5)


def write(root: Path, tree: dict[tuple[str, str], int], rows: dict[str, int] | None) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for (sku, name), seed in tree.items():
        path = root / sku / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if seed == 0:
            path.write_bytes(b"no picture")
        else:
            make_photo(path, seed, size=(32, 32))
    if rows is not None:
        table(root, "sku,price", *(f"{sku},{price}" for sku, price in rows.items()))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREE, ROWS, TREE, ROWS)
def test_after_an_import_the_folder_equals_the_table_and_a_rerun_does_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    first: dict[tuple[str, str], int],
    first_rows: dict[str, int] | None,
    second: dict[tuple[str, str], int],
    second_rows: dict[str, int] | None,
) -> None:
    root = tmp_path_factory.mktemp("import")
    with Box(root / "home", encoder=FakeEncoder()) as box:
        said: dict[str, float] = {}
        shown: set[str] = set()
        for number, (tree, rows) in enumerate(((first, first_rows), (second, second_rows))):
            stick = root / f"stick{number}"
            write(stick, tree, rows)
            preview = box.media.preview(stick)
            report = box.media.take(stick)
            assert (preview.new, preview.changed, preview.unknown_sku, preview.products_changed) == (
                report.new, report.changed, report.unknown_sku, report.products_changed,
            )  # fmt: skip
            # Every good photo of the stick lies in the catalog, under its SKU; the rows of the stick hold.
            with box.database.read() as tables:
                followed = sources.listed(tables)
                rows_now = images.by_owner(tables, followed[0].source_id) if followed else []
            stored = {(os.fsdecode(image.path), image.content_hash) for image in rows_now}
            good = (
                {(n, h) for n, h in files(box.home.catalog).items() if "products.csv" not in n} if followed else set()
            )
            assert stored == good
            known = {row.sku for row in rows_now}
            nameless = {photo.path for photo in report.unknown_sku if not photo.sku}
            for (sku, name), seed in tree.items():
                if seed and f"{sku}/{name}".encode("unicode_escape").decode() not in nameless and sku != "DCIM":
                    digest = hashlib.sha256((stick / sku / name).read_bytes()).hexdigest()
                    unplaced = {bad.path for bad in report.unreadable}
                    assert (sku.strip(), digest) in {(i.sku, i.content_hash) for i in rows_now} or any(
                        path.startswith(sku) for path in unplaced
                    )
            said.update({sku: float(price) for sku, price in (rows or {}).items()})
            listed = {row["sku"]: row["price"] for row in box.products}
            assert {sku: listed.get(sku) for sku in said} == said
            assert shown <= set(listed), "what was shown before is shown"
            shown = set(listed)
            assert known - set(listed) == {item.sku for item in box.inbox()}
            head = box.changes.head()
            again = box.media.take(stick)
            assert (again.taken, again.products_changed, box.changes.head()) == (0, 0, head)
            assert again.unchanged == len(report.new) + len(report.changed) + report.unchanged + len(
                [photo for photo in report.unknown_sku if photo.sku]
            )
