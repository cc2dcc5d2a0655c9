"""Teaching, checks and feedback over HTTP."""

from __future__ import annotations

import json

import pytest

from edge_search.errors import CatalogError, InvalidValue
from tests.web.served import Served, png


def teach(served: Served, sku: str, *photos: bytes, **query: str) -> list[int]:
    files = [("image", (f"{number}.jpg", data, "image/jpeg")) for number, data in enumerate(photos)]
    answer = served.client.post(f"/v1/products/{sku}/images", files=files, params=query, headers=served.bearer("staff"))
    assert answer.status_code == 201, answer.text
    keys: list[int] = answer.json()["image_ids"]
    return keys


def test_taught_photos_are_found_at_once(served: Served) -> None:
    photos = [served.bytes(seed) for seed in (71, 72, 73)]
    keys = teach(served, "mug-1", *photos, title="Fox mug", price="9,90", glaze="cream")
    assert len(keys) == 3
    for photo, key in zip(photos, keys, strict=True):
        hit = served.search(photo).json()["hits"][0]
        assert (hit["sku"], hit["image_id"], hit["price"]) == ("mug-1", key, 9.9)
        assert hit["attributes"] == {"glaze": "cream"}
    assert [row["sku"] for row in served.client.get("/v1/products", params={"q": "fox"}).json()["products"]] == [
        "mug-1"
    ]


def test_one_photo_can_come_raw(served: Served) -> None:
    data = served.bytes(74)
    headers = {**served.bearer("staff"), "Content-Type": "application/octet-stream"}
    answer = served.client.post("/v1/products/mug-2/images", content=data, headers=headers)
    assert answer.status_code == 201
    assert served.search(data).json()["hits"][0]["sku"] == "mug-2"


def test_all_photos_are_taken_or_none(served: Served) -> None:
    files = [("image", ("a.jpg", served.bytes(75))), ("image", ("b.jpg", b"\xff\xd8\xff broken"))]
    answer = served.client.post("/v1/products/mug-3/images", files=files, headers=served.bearer("staff"))
    assert answer.status_code == 422
    assert "photo 2 of 2" in answer.json()["detail"]
    assert served.client.get("/v1/products/mug-3").status_code == 404


@pytest.mark.parametrize("count", [0, 6])
def test_one_to_five_photos_are_taken(served: Served, count: int) -> None:
    files = [("image", (f"{n}.jpg", served.bytes(80 + n))) for n in range(count)] or [("other", ("x", b"1"))]
    answer = served.client.post("/v1/products/mug-4/images", files=files, headers=served.bearer("staff"))
    assert answer.status_code == 422
    assert "photo" in answer.json()["detail"]


def test_a_value_that_cant_be_read_teaches_nothing(served: Served) -> None:
    files = [("image", ("a.jpg", served.bytes(75)))]
    answer = served.client.post(
        "/v1/products/mug-5/images", files=files, params={"price": "cheap"}, headers=served.bearer("staff")
    )
    assert answer.status_code == 422
    assert "price" in answer.json()["detail"]
    assert served.client.get("/v1/products/mug-5").status_code == 404


def check(served: Served, sku: str, photo: bytes) -> object:
    headers = {**served.bearer("staff"), "Content-Type": "image/jpeg"}
    return served.client.post("/v1/checks", params={"sku": sku}, content=photo, headers=headers)


def test_checks_measure_and_never_teach(served: Served) -> None:
    before = served.box.status()
    for seed, sku in ((10, "tea-1"), (20, "tea-2")):
        photo = served.bytes(seed, quality=60)
        answer = check(served, sku, photo)
        assert answer.status_code == 201  # type: ignore[attr-defined]
    assert served.client.get("/v1/checks", headers=served.bearer("staff")).json() == {"checks": 2, "skus": 2}
    assert served.box.status().images == before.images
    assert served.box.status().catalog_digest == before.catalog_digest
    result = served.box.evaluate()
    assert result.to_dict()["recall"]["1"] == 1.0
    assert result.to_dict()["queries"] == 2
    assert {path.parent for path in (served.box.home.root / "checks").iterdir()} == {served.box.home.checks}


def test_a_photo_of_the_catalog_is_no_check(served: Served) -> None:
    answer = check(served, "tea-1", served.bytes(10))
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert served.box.checks.counts() == (0, 0)
    with pytest.raises(CatalogError, match="no check photos yet"):
        served.box.evaluate()


def test_a_check_photo_is_not_taught(served: Served) -> None:
    photo = served.bytes(10, quality=60)
    check(served, "tea-1", photo)
    with pytest.raises(InvalidValue, match="held out"):
        served.box.add("tea-1", photo)
    assert len(served.box.products.get("tea-1")["images"]) == 2


def test_a_check_that_got_into_the_catalog_is_left_out_and_named(served: Served) -> None:
    check(served, "tea-1", served.bytes(10, quality=60))
    check(served, "tea-2", served.bytes(20, quality=60))
    (served.folder / "catalog" / "tea-1" / "new.jpg").write_bytes(served.bytes(10, quality=60))
    served.box.index()
    result = served.box.evaluate()
    assert [query.sku for query in result.queries] == ["tea-2"]
    assert "in the catalog by now" in result.skipped[0].reason


def test_the_same_check_again_is_one_check(served: Served) -> None:
    photo = served.bytes(10, quality=60)
    first = check(served, "tea-1", photo).json()  # type: ignore[attr-defined]
    again = check(served, "tea-2", photo).json()  # type: ignore[attr-defined]
    assert first == again
    assert served.box.checks.counts() == (1, 1)
    assert check(served, "nix", photo).status_code == 404  # type: ignore[attr-defined]
    assert check(served, "tea-1", b"no photo").status_code == 415  # type: ignore[attr-defined]


def feedback_rows(served: Served) -> list[tuple[object, ...]]:
    with served.box.database.read() as tables:
        return tables.execute("SELECT query_id, role, sku, photo FROM feedback ORDER BY role").fetchall()


def test_none_of_these_is_recorded_of_an_answer_given_a_moment_ago(served: Served) -> None:
    query_id = served.search(served.bytes(10)).json()["query_id"]
    answer = served.client.post("/v1/feedback", json={"query_id": query_id, "sku": None})
    assert (answer.status_code, answer.json()) == (200, {"recorded": True})
    assert feedback_rows(served) == [(query_id, "shopper", None, None)]


def test_only_staff_says_which_one_it_was(served: Served) -> None:
    query_id = served.search(served.bytes(10)).json()["query_id"]
    said = {"query_id": query_id, "sku": "tea-2"}
    assert served.client.post("/v1/feedback", json=said).status_code == 401
    assert served.client.post("/v1/feedback", json=said, headers=served.bearer("query")).status_code == 403
    assert served.client.post("/v1/feedback", json=said, headers=served.bearer("staff")).status_code == 200
    assert feedback_rows(served) == [(query_id, "staff", "tea-2", None)]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"query_id": "unknown"}, 404),
        ({"query_id": "unknown", "sku": "tea-1"}, 404),
        ({}, 422),
        ({"query_id": 7}, 422),
        ({"query_id": "x" * 65}, 422),
        ([], 422),
    ],
)
def test_feedback_that_says_nothing_is_refused(served: Served, said: object, status: int) -> None:
    answer = served.client.post("/v1/feedback", json=said, headers=served.bearer("staff"))
    assert answer.status_code == status
    assert feedback_rows(served) == []


def test_feedback_that_is_no_json_or_too_long_is_refused(shared: Served) -> None:
    for content, status in ((b"{", 422), (b"\xff", 422), (b" " * 100_000, 413)):
        headers = {"Content-Type": "application/json"}
        assert shared.client.post("/v1/feedback", content=content, headers=headers).status_code == status


def test_a_product_that_is_not_there_is_no_correction(served: Served) -> None:
    query_id = served.search(served.bytes(10)).json()["query_id"]
    said = {"query_id": query_id, "sku": "nix"}
    assert served.client.post("/v1/feedback", json=said, headers=served.bearer("staff")).status_code == 404


def correct_with_photo(served: Served, photo: bytes) -> int:
    query_id = served.search(served.bytes(10)).json()["query_id"]
    return served.client.post(
        "/v1/feedback",
        data={"query_id": query_id, "sku": "tea-2"},
        files={"photo": ("x.jpg", photo)},
        headers=served.bearer("staff"),
    ).status_code


def test_a_photo_with_feedback_is_dropped_unless_the_owner_keeps_it(served: Served) -> None:
    assert correct_with_photo(served, b"not even looked at") == 200
    assert feedback_rows(served)[0][3] is None
    assert not served.box.home.feedback.exists()


class TestKept:
    @pytest.fixture
    def settings(self) -> dict[str, object]:
        return {"keep_feedback_photos": True}

    def test_a_photo_is_kept_where_the_owner_said_so_and_ends_with_the_journal(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        photo = served.bytes(91)
        assert correct_with_photo(served, photo) == 200
        name = str(feedback_rows(served)[0][3])
        assert (served.box.home.feedback / name).read_bytes() == photo
        assert correct_with_photo(served, b"<html>") == 415
        with served.box.database.write() as tables:
            tables.execute("UPDATE feedback SET at = '2020-01-01T00:00:00+00:00'")
            tables.execute("UPDATE queries SET at = '2020-01-01T00:00:00+00:00'")
        import os

        os.utime(served.box.home.feedback / name, (0, 0))
        served.box.journal.prune()
        assert feedback_rows(served) == []
        assert list(served.box.home.feedback.iterdir()) == []


def test_the_journal_keeps_the_answer_and_not_the_photo(served: Served) -> None:
    photo = served.bytes(10)
    answer = served.search(photo).json()
    served.box.journal.flush()
    with served.box.database.read() as tables:
        row = next(iter(tables.query("SELECT * FROM queries")))
    assert (row["query_id"], row["verdict"], row["quality"]) == (answer["query_id"], "match", "ok")
    assert [entry[0] for entry in json.loads(row["hits"])] == [hit["sku"] for hit in answer["hits"]]
    assert json.loads(row["timings"]).keys() == answer["timings_ms"].keys()
    assert not any(isinstance(value, bytes) for value in row.values())


def test_what_is_asked_is_stored_within_a_second(served: Served) -> None:
    import time

    served.search(served.bytes(10))
    until = time.monotonic() + 10
    count = 0
    while not count and time.monotonic() < until:
        time.sleep(0.05)
        with served.box.database.read() as tables:
            count = tables.execute("SELECT count(*) FROM queries").fetchone()[0]
    assert count == 1


def test_the_journal_forgets_in_time(served: Served) -> None:
    for _ in range(3):
        served.search(png())
    served.box.journal.flush()
    with served.box.database.write() as tables:
        tables.execute("UPDATE queries SET at = '2020-01-01T00:00:00+00:00' WHERE rowid < 3")
    served.box.journal.prune()
    with served.box.database.read() as tables:
        assert tables.execute("SELECT count(*) FROM queries").fetchone()[0] == 1
