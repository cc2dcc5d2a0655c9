"""Logging in: PIN, token, cookie, lock-out."""

from __future__ import annotations

import time

import httpx
import pytest

from edge_search.appliance.box import Box
from edge_search.appliance.pin import Locked
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.errors import InvalidValue
from edge_search.store import pin as stored
from tests.web.served import Served

PIN = "274916"


def log_in(served: Served, **credentials: str) -> httpx.Response:
    return served.client.post("/v1/session", json=credentials)


def own_page(served: Served) -> dict[str, str]:
    return {"Origin": served.url}


def test_the_pin_opens_staff_mode_in_a_cookie_no_script_sees(served: Served) -> None:
    served.box.pin.set(PIN)
    opened = log_in(served, pin=PIN)
    assert opened.json()["role"] == "staff"
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie, "the page is on http here"
    assert served.client.get("/v1/session").json() == {"role": "staff"}
    assert served.client.get("/v1/status").status_code == 200
    assert served.client.put("/v1/products/tea-1", json={"stock": 1}, headers=own_page(served)).status_code == 200
    assert served.client.delete("/v1/products/tea-1", headers=own_page(served)).status_code == 403
    assert served.client.delete("/v1/session").status_code == 204
    assert served.client.get("/v1/session").json() == {"role": None}
    assert served.client.get("/v1/status").status_code == 401


def test_the_end_is_told(served: Served) -> None:
    from datetime import datetime, timezone

    ends = datetime.fromisoformat(log_in(served, token=served.tokens["admin"]).json()["expires_at"])
    assert 29 * 60 < (ends - datetime.now(timezone.utc)).total_seconds() <= 30 * 60


def test_a_change_by_cookie_needs_the_pages_own_origin(served: Served) -> None:
    log_in(served, token=served.tokens["admin"])
    for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
        assert served.client.put("/v1/products/tea-1", json={"stock": 1}, headers=headers).status_code == 403
        assert served.client.delete("/v1/images/1", headers=headers).status_code == 403
    assert served.client.delete("/v1/images/1", headers=own_page(served)).status_code == 204


def test_logging_out_ends_the_session_itself(served: Served) -> None:
    served.box.pin.set(PIN)
    log_in(served, pin=PIN)
    stolen = dict(served.client.cookies)
    served.client.delete("/v1/session")
    with httpx.Client(base_url=served.url, cookies=stolen) as thief:
        assert thief.get("/v1/session").json() == {"role": None}


def test_a_session_ends_with_its_token_and_with_the_pin(served: Served) -> None:
    log_in(served, token=served.tokens["staff"])
    assert served.client.get("/v1/status").status_code == 200
    served.box.tokens.revoke("staff token")
    assert served.client.get("/v1/status").status_code == 401
    served.box.pin.set(PIN)
    log_in(served, pin=PIN)
    assert served.client.get("/v1/status").status_code == 200
    served.box.pin.set("864209")
    assert served.client.get("/v1/status").status_code == 401


def test_a_session_outlives_a_restart_and_ends_in_time(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = served.box.tokens.log_in("staff", None, minutes=30).secret
    with Box(served.box.home.root, encoder=FakeEncoder()) as again:
        assert again.tokens.session(secret) is not None
        later = time.time() + 31 * 60
        monkeypatch.setattr(time, "time", lambda: later)
        assert again.tokens.session(secret) is None


def test_a_kiosk_may_still_ask_when_staff_has_logged_out(served: Served) -> None:
    log_in(served, token=served.tokens["query"])
    log_in(served, token=served.tokens["staff"])
    assert served.client.get("/v1/session").json() == {"role": "staff"}
    served.client.delete("/v1/session")
    assert served.client.get("/v1/session").json() == {"role": "query"}
    served.client.delete("/v1/session")
    assert served.client.get("/v1/session").json() == {"role": None}


@pytest.mark.parametrize(
    "body", [{}, {"pin": "1", "token": "2"}, {"pin": ["1"]}, [], {"pin": "1" * 65}, {"token": "x" * 300}]
)
def test_credentials_that_are_none_are_refused(shared: Served, body: object) -> None:
    assert shared.client.post("/v1/session", json=body).status_code == 422


@pytest.mark.parametrize("credentials", [{"token": "edge_wrong"}, {"pin": "271828"}, {"token": ""}, {"pin": ""}])
def test_wrong_credentials_give_no_cookie(shared: Served, credentials: dict[str, str]) -> None:
    answer = log_in(shared, **credentials)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_after_five_wrong_pins_there_is_a_wait_even_for_the_right_one(served: Served) -> None:
    served.box.pin.set(PIN)
    assert [log_in(served, pin=f"11112{n}").status_code for n in range(5)] == [401] * 5
    locked = log_in(served, pin=PIN)
    assert locked.status_code == 429
    assert 50 <= int(locked.headers["retry-after"]) <= 60


def test_the_wait_survives_a_restart_and_doubles_up_to_an_hour(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.box.pin.set(PIN)
    clock = time.time()
    monkeypatch.setattr(time, "time", lambda: clock)
    for _ in range(5):
        served.box.pin.check("111122")
    waits = []
    for _ in range(9):
        with Box(served.box.home.root, encoder=FakeEncoder()) as again, pytest.raises(Locked) as locked:
            again.pin.check(PIN)
        waits.append(locked.value.seconds)
        clock += locked.value.seconds
        assert not served.box.pin.check("111122")
    assert [round(wait) for wait in waits] == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    clock += 3600
    assert served.box.pin.check(PIN)
    assert [served.box.pin.check("111122") for _ in range(4)] == [False] * 4, "a right one starts anew"


def test_a_clock_that_was_set_back_locks_for_no_longer(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.box.pin.set(PIN)
    for _ in range(5):
        served.box.pin.check("111122")
    clock = time.time() - 10 * 365 * 86400
    monkeypatch.setattr(time, "time", lambda: clock)
    with pytest.raises(Locked) as locked:
        served.box.pin.check(PIN)
    assert locked.value.seconds <= 60
    clock += 61
    assert served.box.pin.check(PIN)


def test_many_guesses_at_once_are_not_free(served: Served) -> None:
    from concurrent.futures import ThreadPoolExecutor

    served.box.pin.set(PIN)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: log_in(served, pin=f"1357{n:02}").status_code, range(24)))
    assert answers.count(401) == 5
    assert answers.count(429) == 19


@pytest.mark.parametrize("digits", ["", "123", "1" * 13, "12a4", "1234", "4321", "0000", "９８７１", "12 34"])
def test_a_pin_that_is_none_or_the_first_to_be_tried_is_refused(served: Served, digits: str) -> None:
    with pytest.raises(InvalidValue):
        served.box.pin.set(digits)
    assert not served.box.pin


def test_the_store_holds_no_secret(served: Served) -> None:
    served.box.pin.set(PIN)
    login = served.box.tokens.log_in("staff", None, minutes=5)
    with served.box.database.read() as tables:
        dump = "\n".join(tables.conn.iterdump())
        salted = stored.hash_of(tables) or ""
    for secret in (PIN, login.secret, *served.tokens.values()):
        assert secret not in dump
    assert PIN.encode().hex() not in salted


def test_cookies_are_secure_on_https(served: Served) -> None:
    import asyncio

    async def ask() -> str:
        transport = httpx.ASGITransport(app=served.app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="https://localhost") as client:
            return (await client.post("/v1/session", json={"token": served.tokens["staff"]})).headers["set-cookie"]

    assert "secure" in asyncio.run(ask()).lower()
