"""The API's description, its page, the kiosk's settings, and health."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_search.store import words
from tests.web.served import Served, png


def test_the_description_has_an_example_of_every_body_and_answer(shared: Served) -> None:
    api = shared.client.get("/openapi.json").json()
    assert api["openapi"].startswith("3.")
    search = api["paths"]["/v1/search"]["post"]
    assert {"image/jpeg", "multipart/form-data"} <= set(search["requestBody"]["content"])
    assert {one["name"] for one in search["parameters"]} == {
        "k",
        "category",
        "where",
        "crop",
        "exact",
        "rerank",
        "variants",
    }
    for name in ("ProductDocument", "HitDocument", "_Credentials", "_Feedback", "_Pause", "_Values"):
        schemas = [key for key in api["components"]["schemas"] if name.strip("_") in key]
        assert schemas or name == "_Feedback", name
    text = json.dumps(api)
    assert '"examples"' in text
    assert "HTTPValidationError" not in [*api["components"]["schemas"]] or "ProblemDocument" in text


def test_every_call_is_described_in_words(shared: Served) -> None:
    for path, methods in shared.client.get("/openapi.json").json()["paths"].items():
        for method, call in methods.items():
            assert call.get("description"), f"{method} {path}"
            assert call["tags"], f"{method} {path}"


def test_the_page_of_the_description_is_all_from_here(shared: Served) -> None:
    page = shared.client.get("/docs")
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]
    for name in ("docs.js", "docs.css"):
        assert f"/docs/{name}" in page.text
        assert shared.client.get(f"/docs/{name}").status_code == 200
    assert shared.client.get("/redoc").status_code == 404


def test_files_of_the_page_are_asked_about_each_time(shared: Served) -> None:
    first = shared.client.get("/docs/docs.js")
    assert first.headers["cache-control"] == "no-cache"
    again = shared.client.get("/docs/docs.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


class TestShop:
    @pytest.fixture
    def settings(self) -> dict[str, object]:
        return {
            "shop_name": "Bäckerei <Huber>",
            "shop_logo": "logo.png",
            "shop_color": "#102030",
            "kiosk_language": "de",
            "kiosk_languages": "de,en",
            "kiosk_idle_seconds": 90,
            "shop_currency": "EUR",
            "kiosk_hands_free": True,
        }

    def test_the_kiosk_gets_its_settings(self, served: Served) -> None:
        (served.box.home.root / "logo.png").write_bytes(png())
        kiosk = served.client.get("/v1/kiosk").json()
        assert (
            kiosk.items()
            >= {
                "name": "Bäckerei <Huber>",
                "logo": "/v1/kiosk/logo",
                "color": "#102030",
                "accent": "#c2541b",
                "languages": ["de", "en"],
                "language": "de",
                "idle_seconds": 90,
                "currency": "EUR",
                "hands_free": True,
                "staff": {"pin": False},
                "limits": {"max_photo_mb": 64},
            }.items()
        )
        served.box.pin.set("274916")
        assert served.client.get("/v1/kiosk").json()["staff"] == {"pin": True}
        logo = served.client.get("/v1/kiosk/logo")
        assert (logo.headers["content-type"], logo.content) == ("image/png", png())

    def test_a_logo_that_got_lost_is_a_404(self, served: Served) -> None:
        assert served.client.get("/v1/kiosk/logo").status_code == 404


class TestWrongLogo:
    @pytest.fixture
    def settings(self) -> dict[str, object]:
        return {"shop_logo": "catalog.sqlite3"}

    def test_only_pictures_are_logos(self, served: Served) -> None:
        assert served.client.get("/v1/kiosk/logo").status_code == 404


class TestVectorLogo:
    @pytest.fixture
    def settings(self) -> dict[str, object]:
        return {"shop_logo": "logo.svg"}

    def test_a_logo_that_is_a_page_may_do_nothing(self, served: Served) -> None:
        path: Path = served.box.home.root / "logo.svg"
        path.write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
        logo = served.client.get("/v1/kiosk/logo")
        assert logo.headers["content-type"] == "image/svg+xml"
        assert "sandbox" in logo.headers["content-security-policy"]
        assert "default-src 'none'" in logo.headers["content-security-policy"]


def test_a_process_that_answers_says_so(shared: Served) -> None:
    assert shared.client.get("/healthz").json() == {"status": "ok"}


def test_ready_means_that_a_canary_is_answered_and_counts_agree(served: Served) -> None:
    assert served.client.get("/readyz").json() == {"status": "ready"}
    with served.box.database.write() as tables:
        words.drop(tables, "tea-1")
    served.app.state.edge_search.canary.until = 0
    answer = served.client.get("/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "3 products are shown, but 2 can be found by words" in answer.json()["detail"]
    with served.box.database.write() as tables:
        words.fill(tables)
    assert served.client.get("/readyz").status_code == 503, "kept for some seconds"
    served.app.state.edge_search.canary.until = 0
    assert served.client.get("/readyz").status_code == 200


def test_the_first_shopper_does_not_wait_for_network_and_index(served: Served) -> None:
    import time

    until = time.monotonic() + 20
    while not served.app.state.edge_search.canary.until and time.monotonic() < until:
        time.sleep(0.02)
    assert served.app.state.edge_search.canary.until, "the canary was asked without anybody asking"


def test_who_cannot_answer_is_not_ready_and_says_no_more(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_search.errors import EncoderError

    def broken(*_: object, **__: object) -> None:
        raise EncoderError("the network at /srv/secret is damaged")

    served.client.get("/readyz")
    served.app.state.edge_search.canary.until = 0
    monkeypatch.setattr(type(served.box), "search", broken)
    answer = served.client.get("/readyz")
    assert answer.status_code == 503
    assert "secret" not in answer.text
    assert served.client.get("/healthz").status_code == 200
