"""`POST /v1/search`."""

from __future__ import annotations

import httpx
import pytest

from tests.web.served import Served, png


def test_a_raw_photo_is_answered_like_on_the_command_line(shared: Served) -> None:
    data = shared.bytes(10)
    answer = shared.search(data, k=2)
    assert answer.status_code == 200
    document = answer.json()
    expected = shared.box.search(data, 2).to_dict()
    assert [hit["sku"] for hit in document["hits"]] == [hit["sku"] for hit in expected["hits"]]
    assert document.keys() == expected.keys()
    assert document["hits"][0]["sku"] == "tea-1"
    assert document["verdict"] == "match"


def test_hits_name_a_url_that_gives_the_picture_and_no_path(shared: Served) -> None:
    answer = shared.search(shared.bytes(20))
    hit = answer.json()["hits"][0]
    assert hit["image"] == f"/v1/images/{hit['image_id']}"
    picture = shared.client.get(hit["image"])
    assert picture.headers["content-type"] == "image/jpeg"
    assert str(shared.folder) not in answer.text


def test_multipart_is_answered_like_raw(shared: Served) -> None:
    data = shared.bytes(30)
    answer = shared.client.post("/v1/search", files={"image": ("../../etc/passwd", data, "image/jpeg")})
    assert answer.json()["hits"] == shared.search(data).json()["hits"]


def test_options_do_what_they_do_on_the_command_line(shared: Served) -> None:
    data = shared.bytes(10)
    assert len(shared.search(data, k=1).json()["hits"]) == 1
    assert [h["sku"] for h in shared.search(data, where="price>5").json()["hits"]] == ["tea-3"]
    assert shared.search(data, category="Coffee").json()["hits"] == []
    assert shared.search(data, exact="true", crop="0,0,0.5,0.5").status_code == 200
    two = shared.client.post(
        "/v1/search?where=stock>0&where=price<3", content=data, headers={"Content-Type": "image/png"}
    )
    assert [h["sku"] for h in two.json()["hits"]] == ["tea-1"]


def test_variants_of_a_group_are_one_hit_that_lists_them_all(shared: Served) -> None:
    hits = shared.search(shared.bytes(20), variants="group").json()["hits"]
    assert [hit["sku"] for hit in hits] == ["tea-2", "tea-1"]
    assert [(v["sku"], v["price"], v["attributes"]) for v in hits[0]["variants"]] == [
        ("tea-2", 3.19, {"size": "small"}),
        ("tea-3", 5.19, {"size": "large"}),
    ]
    assert all(v["image"] == f"/v1/images/{v['image_id']}" for v in hits[0]["variants"])
    assert hits[1]["variants"] == []


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"k": "0"}, "k:"),
        ({"k": "1001"}, "k:"),
        ({"k": "many"}, "k:"),
        ({"where": "price"}, "price"),
        ({"where": "price<cheap"}, "cheap"),
        ({"crop": "1,2,3"}, "crop"),
        ({"crop": "500,500,10,10"}, "crop"),
        ({"variants": "all"}, "variants"),
        ({"exact": "perhaps"}, "exact"),
    ],
)
def test_a_bad_option_is_named(shared: Served, query: dict[str, str], word: str) -> None:
    answer = shared.search(shared.bytes(10), **query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert word in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "image/jpeg", 422),
        (b"<html><script>alert(1)</script></html>", "image/jpeg", 415),
        (b"\xff\xd8\xff\xe0 cut short", "image/jpeg", 422),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"{}", "application/json", 415),
        (png(8, 8), "image/png", 422),
        (png(30_001, 16), "image/png", 413),
    ],
)
def test_what_is_no_photo_gets_a_reason(shared: Served, content: bytes, kind: str, status: int) -> None:
    answer = shared.client.post("/v1/search", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


def test_stages_are_told_in_a_header_that_browsers_understand(shared: Served) -> None:
    timing = shared.search(shared.bytes(10)).headers["server-timing"]
    assert [part.split(";")[0] for part in timing.split(", ")] == [
        "receive",
        "wait",
        "decode",
        "encode",
        "search",
        "rerank",
    ]


def test_quality_is_told(shared: Served) -> None:
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    Image.new("RGB", (400, 400), (3, 3, 3)).save(buffer, "JPEG")
    assert shared.search(buffer.getvalue()).json()["quality"] == "dark"


def test_an_empty_catalog_answers_none(served: Served) -> None:
    for sku in ("tea-1", "tea-2", "tea-3"):
        served.box.products.remove(sku)
    answer = served.search(served.bytes(10)).json()
    assert (answer["verdict"], answer["hits"]) == ("none", [])


def test_many_at_once_are_all_answered(shared: Served) -> None:
    from concurrent.futures import ThreadPoolExecutor

    photos = [shared.bytes(10 * (1 + number % 3)) for number in range(3)]

    def ask(number: int) -> httpx.Response:
        with httpx.Client(base_url=shared.url, timeout=60) as client:
            return client.post("/v1/search", content=photos[number % 3], headers={"Content-Type": "image/jpeg"})

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(64)))
    assert {answer.status_code for answer in answers} == {200}
    assert [a.json()["hits"][0]["sku"] for a in answers] == [f"tea-{1 + n % 3}" for n in range(64)]
