"""`/metrics`, read as Prometheus reads it."""

from __future__ import annotations

import asyncio

from prometheus_client.parser import text_string_to_metric_families

from tests.web.served import Served

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(served: Served) -> Values:
    answer = served.client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(values: Values, name: str, **labels: str) -> float:
    return values.get((f"edge_search_{name}", tuple(sorted(labels.items()))), 0.0)


def test_requests_stages_and_verdicts_are_counted(served: Served) -> None:
    for seed in (10, 20):
        assert served.search(served.bytes(seed)).status_code == 200
    assert served.search(b"no photo").status_code == 415
    assert served.client.get("/v1/products/no-such-secret").status_code == 404
    assert served.client.get("/nowhere/secret").status_code == 404
    assert served.client.request("SECRET", "/v1/products").status_code == 405
    values = read(served)
    asked = {"method": "POST", "route": "/v1/search"}
    assert value(values, "requests_total", **asked, status="200") == 2
    assert value(values, "requests_total", **asked, status="415") == 1
    assert value(values, "requests_total", method="GET", route="/v1/products/{sku}", status="404") == 1
    assert value(values, "request_seconds_count", **asked) == 3
    for stage in ("receive", "wait", "decode", "encode", "search", "total"):
        assert value(values, "stage_seconds_count", stage=stage) == 2
    parts = sum(
        value(values, "stage_seconds_sum", stage=stage) for stage in ("receive", "wait", "decode", "encode", "search")
    )
    assert abs(value(values, "stage_seconds_sum", stage="total") - parts) < 1e-6
    assert sum(found for (name, _), found in values.items() if name == "edge_search_answers_total") == 2
    text = served.client.get("/metrics").text
    assert "secret" not in text.lower()
    assert "tea-" not in text, "no SKU is a label"


def test_how_the_box_stands(served: Served) -> None:
    before = read(served)
    assert value(before, "up") == 1
    status = served.box.status()
    for name in ("products", "images", "generation", "tail", "masked", "inbox"):
        assert value(before, name) == getattr(status, name), name
    assert value(before, "products") == 3
    assert sum(found for (name, _), found in before.items() if name == "edge_search_sources") == 1
    assert value(before, "free_bytes") > 0
    assert value(before, "connections") >= 1
    assert value(before, "queue", queue="search") == 0
    assert ("edge_search_refused_total", (("queue", "search"),)) in before
    assert ("edge_search_journal_waiting", ()) in before
    assert before["process_resident_memory_bytes", ()] > 10 * 2**20


def test_however_many_paths_are_asked_for_the_series_stay_few(served: Served) -> None:
    for number in range(3):
        served.client.get(f"/v1/images/{number + 1000}")
    few = len(read(served))
    for number in range(40):
        served.client.get(f"/v1/images/{number + 2000}")
        served.client.get(f"/made/up/{number}")
        served.client.get("/v1/products", params={"q": f"made up {number}"})
    assert len(read(served)) - few < 60


def test_elsewhere_it_needs_a_token_of_its_role(served: Served) -> None:
    async def asked(role: str | None) -> int:
        async with served.remote() as client:
            return (await client.get("/metrics", headers=served.bearer(role) if role else {})).status_code

    assert asyncio.run(asked(None)) == 401
    assert asyncio.run(asked("query")) == 403
    assert asyncio.run(asked("metrics")) == 200
    assert asyncio.run(asked("admin")) == 200
