"""`/v1/products`, `/v1/categories`."""

from __future__ import annotations

import json

import pytest

from tests.web.served import Served


def skus(served: Served, **query: str | int) -> list[str]:
    answer = served.client.get("/v1/products", params=query)
    assert answer.status_code == 200, answer.text
    return [row["sku"] for row in answer.json()["products"]]


def test_all_products_come_page_by_page(shared: Served) -> None:
    seen, cursor = [], ""
    while cursor is not None:
        page = shared.client.get("/v1/products", params={"limit": 1, "cursor": cursor}).json()
        seen += [row["sku"] for row in page["products"]]
        cursor = page["next"]
    assert seen == ["tea-1", "tea-2", "tea-3"]


def test_a_row_has_what_the_page_shows(shared: Served) -> None:
    row = shared.client.get("/v1/products", params={"q": "green"}).json()["products"][0]
    assert (
        row.items()
        >= {"sku": "tea-1", "title": "Green tea 20 bags", "price": 2.49, "stock": 5, "attributes": {}}.items()
    )
    assert row["image"] == f"/v1/images/{row['image_id']}"


def test_words_find_products_by_their_beginnings_without_accents(shared: Served) -> None:
    assert skus(shared, q="creme ear") == ["tea-2", "tea-3"]
    assert skus(shared, q="CRÈME large") == ["tea-3"]
    assert skus(shared, q="large", category="Coffee") == []


def test_pages_of_found_products_follow_each_other(shared: Served) -> None:
    first = shared.client.get("/v1/products", params={"q": "grey", "limit": 1}).json()
    rest = shared.client.get("/v1/products", params={"q": "grey", "limit": 1, "cursor": first["next"]}).json()
    assert [first["products"][0]["sku"], rest["products"][0]["sku"]] == ["tea-2", "tea-3"]
    assert rest["next"] is None


@pytest.mark.parametrize("code", ["036000291452", "0036000291452", "00036000291452", "36000291452", "0 36000 29145 2"])
def test_a_bar_code_is_found_however_long_it_is_written(shared: Served, code: str) -> None:
    assert skus(shared, gtin=code) == ["tea-2"]


@pytest.mark.parametrize(
    "q", ['"', "tea OR", "NEAR(", "title:green", "*", "a^b", "'; DROP TABLE products;--", "\x00", "(((", "%_"]
)
def test_nothing_that_is_typed_is_syntax(shared: Served, q: str) -> None:
    assert shared.client.get("/v1/products", params={"q": q}).status_code == 200
    assert skus(shared) == ["tea-1", "tea-2", "tea-3"]


def test_a_cursor_that_no_page_gave_is_refused(shared: Served) -> None:
    for cursor in ("%%%", "a", "/w", "LTE"):
        answer = shared.client.get("/v1/products", params={"q": "tea", "cursor": cursor})
        assert answer.status_code == 422
        assert "cursor" in answer.json()["detail"]


def test_categories_are_counted(shared: Served) -> None:
    assert shared.client.get("/v1/categories").json() == {"categories": [{"name": "Tea", "products": 3}]}


def test_one_product_comes_with_its_photos(shared: Served) -> None:
    found = shared.client.get("/v1/products/tea-1").json()
    assert len(found["images"]) == 2
    assert found["images"][0] == {"image_id": found["image_id"], "image": found["image"], "owner": 1}
    missing = shared.client.get("/v1/products/nix")
    assert (missing.status_code, "nix" in missing.json()["detail"]) == (404, True)


def test_more_like_this_leaves_out_the_product_and_its_variants(shared: Served) -> None:
    assert [h["sku"] for h in shared.client.get("/v1/products/tea-2/similar").json()["hits"]] == ["tea-1"]
    both = shared.client.get("/v1/products/tea-1/similar", params={"k": 5}).json()["hits"]
    assert len(both) == 1
    assert {v["sku"] for v in both[0]["variants"]} == {"tea-2", "tea-3"}
    assert shared.client.get("/v1/products/nix/similar").status_code == 404


def test_staff_sets_values_and_admin_removes(served: Served) -> None:
    staff, admin = served.bearer("staff"), served.bearer("admin")
    put = served.client.put(
        "/v1/products/tea-9", json={"title": "New", "price": "1,99 €", "organic": "yes"}, headers=staff
    )
    assert (
        put.json().items() >= {"sku": "tea-9", "title": "New", "price": 1.99, "attributes": {"organic": "yes"}}.items()
    )
    assert skus(served, q="new") == ["tea-9"]
    assert served.client.delete("/v1/products/tea-9", headers=staff).status_code == 403
    assert served.client.delete("/v1/products/tea-9", headers=admin).status_code == 204
    assert skus(served, q="new") == []
    assert served.client.delete("/v1/products/tea-9", headers=admin).status_code == 404


@pytest.mark.parametrize("body", [{"price": "cheap"}, {"sku": "other"}, {"price": [1]}, {"a\nb": "c"}])
def test_bad_values_are_named(served: Served, body: object) -> None:
    answer = served.client.put("/v1/products/tea-1", json=body, headers=served.bearer("staff"))
    assert answer.status_code == 422
    assert served.client.get("/v1/products/tea-1").json()["price"] == 2.49


def test_a_long_json_body_is_refused_while_it_arrives(served: Served) -> None:
    body = json.dumps({"title": "x" * 2_000_000}).encode()
    answer = served.client.put(
        "/v1/products/tea-1", content=body, headers={**served.bearer("staff"), "Content-Type": "application/json"}
    )
    assert answer.status_code == 413
