"""`/v1/images/{id}`."""

from __future__ import annotations

import shutil

import pytest

from tests.web.served import Served


def test_a_preview_is_not_sent_again_to_who_has_it(shared: Served) -> None:
    first = shared.client.get("/v1/images/1")
    assert (first.status_code, first.headers["content-type"]) == (200, "image/jpeg")
    tag = first.headers["etag"]
    assert tag.startswith('"')
    assert "private" in first.headers["cache-control"]
    again = shared.client.get("/v1/images/1", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert shared.client.get("/v1/images/2", headers={"If-None-Match": tag}).status_code == 200


def test_other_bytes_have_another_tag(served: Served) -> None:
    before = served.client.get("/v1/images/1").headers["etag"]
    path = next(served.box.home.previews.rglob("*.jpg"))
    for path in served.box.home.previews.rglob("*.jpg"):
        path.write_bytes(path.read_bytes() + b"\0")
    assert served.client.get("/v1/images/1").headers["etag"] != before


@pytest.mark.parametrize("image_id", ["999999", "9223372036854775807"])
def test_an_image_that_is_not_there_is_a_404(shared: Served, image_id: str) -> None:
    assert shared.client.get(f"/v1/images/{image_id}").status_code == 404


@pytest.mark.parametrize("image_id", ["0", "-1", "abc", "1.5", "9223372036854775808", "99999999999999999999999"])
def test_what_is_no_number_of_an_image_is_refused(shared: Served, image_id: str) -> None:
    assert shared.client.get(f"/v1/images/{image_id}").status_code == 422


def test_a_preview_that_got_lost_is_made_again_from_the_photo(served: Served) -> None:
    keys = served.client.post(
        "/v1/products/tea-1/images",
        content=served.bytes(77),
        headers={**served.bearer("staff"), "Content-Type": "image/jpeg"},
    ).json()["image_ids"]
    shutil.rmtree(served.box.home.previews)
    assert served.client.get(f"/v1/images/{keys[0]}").status_code == 200
    assert served.client.get("/v1/images/1").status_code == 200
    shutil.rmtree(served.box.home.previews)
    shutil.rmtree(served.folder / "catalog")
    lost = served.client.get("/v1/images/1")
    assert (lost.status_code, lost.headers["content-type"]) == (404, "application/problem+json")


def test_a_photo_in_the_inbox_is_for_staff_only(served: Served) -> None:
    served.box.products.remove("tea-1")
    assert served.client.get("/v1/images/1").status_code == 404
    assert served.client.get("/v1/images/1", headers=served.bearer("query")).status_code == 404
    assert served.client.get("/v1/images/1", headers=served.bearer("staff")).status_code == 200


def test_staff_hides_a_photo(served: Served) -> None:
    data = served.bytes(10)
    first = served.search(data).json()["hits"][0]
    assert first["similarity"] > 0.999
    assert served.client.delete(first["image"], headers=served.bearer("staff")).status_code == 204
    assert served.search(data).json()["hits"][0]["image_id"] != first["image_id"]
    assert served.client.delete("/v1/images/999", headers=served.bearer("staff")).status_code == 404
