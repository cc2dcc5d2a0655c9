"""Who may ask what, and what is refused whoever asks."""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.web.served import Served

# What each route asks for. A new route must be put here, with a thought.
RIGHTS = {
    "POST /v1/search": "read",
    "POST /v1/feedback": "read",
    "GET /v1/products": "read",
    "GET /v1/categories": "read",
    "GET /v1/products/{sku}": "read",
    "GET /v1/products/{sku}/similar": "read",
    "PUT /v1/products/{sku}": "staff",
    "DELETE /v1/products/{sku}": "admin",
    "POST /v1/products/{sku}/images": "staff",
    "GET /v1/images/{image_id}": "read",
    "DELETE /v1/images/{image_id}": "staff",
    "POST /v1/checks": "staff",
    "GET /v1/checks": "staff",
    "GET /v1/kiosk": None,
    "GET /v1/kiosk/logo": None,
    "POST /v1/session": None,
    "GET /v1/session": None,
    "DELETE /v1/session": None,
    "GET /v1/status": "staff",
    "GET /v1/inbox": "staff",
    "GET /v1/sources": "staff",
    "POST /v1/sources/{source_id}/confirm": "staff",
    "GET /v1/watch": "staff",
    "POST /v1/watch/pause": "staff",
    "POST /v1/watch/resume": "staff",
    "GET /v1/media": "staff",
    "POST /v1/media/{media_id}/preview": "staff",
    "POST /v1/media/{media_id}/import": "staff",
    "GET /healthz": None,
    "GET /readyz": None,
    "GET /metrics": "metrics",
}
ROLES = {
    "read": {"query", "staff", "admin"},
    "metrics": {"metrics", "admin"},
    "staff": {"staff", "admin"},
    "admin": {"admin"},
}
FILLED = {"sku": "tea-1", "image_id": "1", "source_id": "1", "media_id": "stick"}


def routes(served: Served) -> set[str]:
    described = served.app.openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}


def address(name: str) -> tuple[str, str]:
    method, path = name.split(" ")
    return method, path.format(**FILLED)


def refused(answer: httpx.Response) -> bool:
    return answer.status_code in {401, 403}


def test_the_readme_says_who_may_ask_what(repository: Path) -> None:
    text = (repository / "README.md").read_text(encoding="utf-8").split("### Calls\n", 1)[1].split("\n#", 1)[0]
    said = re.findall(r"^\| `([A-Z]+ [^`]+)` \| (\w+) \|", text, re.MULTILINE)
    assert {call: None if who == "anyone" else who for call, who in said} == RIGHTS


def test_every_route_says_who_may_ask_it(shared: Served) -> None:
    assert routes(shared) == set(RIGHTS)


@pytest.mark.parametrize("name", sorted(name for name, right in RIGHTS.items() if right))
def test_from_elsewhere_nothing_is_open_without_a_token(shared: Served, name: str) -> None:
    async def ask() -> httpx.Response:
        async with shared.remote() as client:
            return await client.request(*address(name), json={})

    answer = asyncio.run(ask())
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("role", ["query", "metrics", "staff", "admin"])
def test_a_role_may_exactly_what_it_is_for(served: Served, role: str) -> None:
    async def ask() -> dict[str, bool]:
        async with served.remote() as client:
            return {
                name: refused(await client.request(*address(name), json={}, headers=served.bearer(role)))
                for name, right in RIGHTS.items()
                if right
            }

    assert asyncio.run(ask()) == {name: role not in ROLES[right] for name, right in RIGHTS.items() if right}


@pytest.mark.parametrize("name", sorted(name for name, right in RIGHTS.items() if right))
def test_on_this_machine_reading_is_open_and_writing_is_not(shared: Served, name: str) -> None:
    answer = shared.client.request(*address(name), json={})
    assert refused(answer) == (RIGHTS[name] not in {"read", "metrics"})


def test_loopback_is_open_only_when_both_ends_are(shared: Served) -> None:
    async def ask(client: str, server: str, **headers: str) -> int:
        transport = httpx.ASGITransport(app=shared.open_app, client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{server}") as one:
            return (await one.get("/v1/products", headers=headers)).status_code

    forwarded = {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1", "Host": "127.0.0.1"}
    assert asyncio.run(ask("127.0.0.1", "127.0.0.1")) == 200
    assert asyncio.run(ask("::1", "[::1]")) == 200
    assert asyncio.run(ask("127.0.0.1", "192.0.2.1")) == 401
    assert asyncio.run(ask("192.0.2.7", "192.0.2.1", **forwarded)) == 401


@pytest.mark.parametrize(
    "header",
    ["Bearer wrong", "Bearer", "Bearer edge_" + "A" * 43, "Basic YTpi", "Token x", "Bearer ''", "Bearer \xe4\xf6"],
)
def test_a_wrong_token_is_refused_even_where_reading_is_open(shared: Served, header: str) -> None:
    answer = shared.client.get("/v1/products", headers=[(b"Authorization", header.encode("latin-1"))])
    assert answer.status_code == 401


def test_a_revoked_token_is_refused_at_once(served: Served) -> None:
    assert served.client.get("/v1/status", headers=served.bearer("staff")).status_code == 200
    served.box.tokens.revoke("staff token")
    assert served.client.get("/v1/status", headers=served.bearer("staff")).status_code == 401


def test_a_token_in_the_address_is_worth_nothing(shared: Served) -> None:
    token = shared.tokens["admin"]
    for name in ("token", "access_token", "authorization", "api_key"):
        assert shared.client.get("/v1/status", params={name: token}).status_code == 401


def test_tokens_are_compared_in_constant_time(shared: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    import hmac

    seen: list[bytes] = []
    real = hmac.compare_digest

    def watched(a: Any, b: Any) -> bool:
        seen.append(a)
        return real(a, b)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    shared.client.get("/v1/status", headers=shared.bearer("query"))
    assert len(seen) == len(shared.tokens), "every token is compared, also after one fitted"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8620",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.0.2.9",
        "",
        "a b",
        "[::1",
        "localhost:8620@evil.example",
        "localhost,evil.example",
    ],
)
def test_a_name_that_is_not_the_boxs_own_is_refused(shared: Served, host: str) -> None:
    answer = shared.client.get("/v1/products", headers={"Host": host})
    assert answer.status_code in {400, 421}
    assert "tea-1" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8620", "127.8.8.8", "localhost."])
def test_its_own_names_are_allowed(shared: Served, host: str) -> None:
    assert shared.client.get("/v1/products", headers={"Host": host}).status_code == 200


def test_two_host_headers_are_refused(shared: Served) -> None:
    from socket import create_connection

    with create_connection(("127.0.0.1", shared.client.base_url.port or 0)) as line:
        line.sendall(b"GET /v1/products HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
        assert line.recv(4096).split()[1] in {b"400", b"421"}


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost", "file://", ""]
)
@pytest.mark.parametrize(
    "name", ["POST /v1/search", "PUT /v1/products/{sku}", "DELETE /v1/images/{image_id}", "POST /v1/session"]
)
def test_a_page_from_elsewhere_can_change_and_ask_nothing(served: Served, origin: str, name: str) -> None:
    answer = served.client.request(
        *address(name), content=served.bytes(10), headers={**served.bearer("admin"), "Origin": origin}
    )
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert served.client.get("/v1/images/1").status_code == 200


def test_no_answer_is_for_other_origins(shared: Served) -> None:
    preflight = shared.client.options(
        "/v1/search", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    )
    read = shared.client.get("/v1/products", headers={"Origin": "https://evil.example"})
    for answer in (preflight, read):
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/v1/products", "/v1/images/1", "/v1/nix", "/healthz", "/v1/images/x", "/page/nix.js"]
)
def test_every_answer_carries_the_headers(shared: Served, path: str) -> None:
    headers = shared.client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["cache-control"]
    assert "server" not in headers


TRAVERSALS = [
    "../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2fetc%2fpasswd",
    "/etc/passwd",
    "....//etc/passwd",
    "..\\..\\etc\\passwd",
    "%00",
    "file:///etc/passwd",
    "C:\\x",
    "~root",
]


@pytest.mark.parametrize("evil", TRAVERSALS)
def test_no_parameter_is_ever_a_path(served: Served, evil: str) -> None:
    admin = {**served.bearer("admin"), "Content-Type": "image/jpeg"}
    photo = served.bytes(55)
    before = {path for path in served.folder.parent.rglob("*") if served.box.home.root not in path.parents}
    answers = [
        served.client.get(f"/v1/images/{evil}"),
        served.client.delete(f"/v1/images/{evil}", headers=admin),
        served.client.get(f"/v1/products/{evil}"),
        served.client.get(f"/v1/products/{evil}/similar"),
        served.client.put(f"/v1/products/{evil}", json={"title": evil, evil: evil}, headers=served.bearer("admin")),
        served.client.delete(f"/v1/products/{evil}", headers=admin),
        served.client.post(f"/v1/products/{evil}/images", content=photo, headers=admin, params={"title": evil}),
        served.client.post("/v1/checks", params={"sku": evil}, content=photo, headers=admin),
        served.client.post(f"/v1/media/{evil}/preview", headers=admin),
        served.client.post(f"/v1/media/{evil}/import", headers=admin),
        served.client.post(f"/v1/sources/{evil}/confirm", headers=admin),
        served.client.get("/v1/products", params={"q": evil, "gtin": evil, "category": evil, "cursor": evil}),
        served.client.post(
            "/v1/search",
            params={"category": evil, "where": f"brand={evil}", "crop": evil},
            content=photo,
            headers=admin,
        ),
        served.client.post("/v1/feedback", json={"query_id": evil, "sku": evil}, headers=served.bearer("admin")),
        served.client.post("/v1/session", json={"token": evil}),
        served.client.get(f"/page/{evil}"),
        served.client.get(f"/docs/{evil}"),
    ]
    for answer in answers:
        assert answer.status_code < 500 or answer.status_code == 501, (answer.request.url, answer.text)
        assert "root:" not in answer.text
    after = {path for path in served.folder.parent.rglob("*") if served.box.home.root not in path.parents}
    assert {path for path in after - before if path.suffix != ".jpg"} == set()
    home = served.box.home.root.resolve()
    taught = [path.resolve() for path in served.box.home.taught.rglob("*")]
    assert all(home in path.parents for path in taught)


INJECTIONS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    '=HYPERLINK("http://evil")',
    "+1|cmd",
    "javascript:alert(1)",
    "{{7*7}}",
    "\u202eabc",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_what_is_written_about_a_product_stays_text(served: Served, text: str) -> None:
    values = {"title": text, "category": text, "brand": text, "location": text, "url": text, "note": text}
    put = served.client.put("/v1/products/tea-1", json=values, headers=served.bearer("staff"))
    assert put.status_code == 200
    found = served.client.get("/v1/products/tea-1")
    searched = served.search(served.bytes(10))
    for answer in (put, found, searched, served.client.get("/v1/products"), served.client.get("/v1/categories")):
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        answer.json()
    assert found.json()["title"] == text
    assert found.json()["attributes"]["note"] == text


def test_header_injection_through_a_value_is_impossible(served: Served) -> None:
    answer = served.client.put(
        "/v1/products/tea-1", json={"title": "a\r\nSet-Cookie: x=1"}, headers=served.bearer("staff")
    )
    assert "set-cookie" not in answer.headers
    assert "set-cookie" not in served.client.get("/v1/products/tea-1").headers


def test_nothing_secret_or_typed_is_logged(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    served.box.pin.set("274916")
    with caplog.at_level(logging.DEBUG):
        served.client.get("/v1/status", headers=served.bearer("staff"))
        served.client.get("/v1/status", headers={"Authorization": "Bearer edge_wrong-token-text"})
        served.client.get("/v1/products", params={"q": "something-embarrassing", "token": served.tokens["admin"]})
        served.client.get("/v1/products/typed-into-the-path")
        served.client.post("/v1/session", json={"token": served.tokens["staff"]})
        served.client.post("/v1/session", json={"pin": "274916"})
        served.client.post("/v1/session", json={"pin": "999123"})
    said = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    )
    assert "GET /v1/products/{sku} 404" in said
    for secret in (*served.tokens.values(), "wrong-token-text", "274916", "999123", "embarrassing", "typed-into"):
        assert secret not in said


def test_an_unexpected_error_tells_strangers_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret place is /srv/secret")

    monkeypatch.setattr(type(served.box), "search", broken)
    answer = served.search(served.bytes(10))
    assert answer.status_code == 500
    assert answer.json() == {"type": "about:blank", "title": "Internal Server Error", "status": 500}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert any("secret place" in str(record.exc_info) for record in caplog.records if record.exc_info)


def test_errors_of_the_store_name_no_path(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_search.errors import StoreDamaged

    def damaged(*_: object, **__: object) -> None:
        raise StoreDamaged(f"{served.box.home.root}: malformed")

    monkeypatch.setattr(type(served.box.products), "search", damaged)
    answer = served.client.get("/v1/products")
    assert answer.status_code == 500
    assert str(served.folder) not in answer.text


@pytest.mark.parametrize("method", ["PATCH", "TRACE", "PUT"])
def test_other_methods_are_refused_as_problems(shared: Served, method: str) -> None:
    answer = shared.client.request(method, "/v1/search")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"


def test_reading_changes_nothing(shared: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused_write(*_: object) -> None:
        raise AssertionError("a GET wrote")

    monkeypatch.setattr(type(shared.box.database), "write", refused_write)
    for name, right in RIGHTS.items():
        if name.startswith("GET") and right == "read":
            assert shared.client.get(address(name)[1]).status_code == 200, name
