"""What goes wrong is said in the shopper's words, and goes right again without anybody's hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect
from stage.shop import Shop
from stage.visitor import Visitor

from tests.page.conftest import ROOT, Open

Keep = Callable[[Visitor, str], None]

REFUSE = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', '{name}'));"
INSECURE = "Object.defineProperty(window, 'isSecureContext', { value: false });"
UNSUPPORTED = "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });"


@pytest.mark.parametrize(
    ("script", "reason", "words"),
    [
        (REFUSE.format(name="NotAllowedError"), "denied", "not allowed"),
        (REFUSE.format(name="NotFoundError"), "missing", "No camera was found"),
        (REFUSE.format(name="NotReadableError"), "busy", "Another program"),
        (INSECURE, "insecure", "HTTPS"),
        (UNSUPPORTED, "unsupported", "cannot show a live camera"),
    ],
)
def test_without_a_camera_the_page_says_why_and_offers_the_phones_own(
    shop: Shop, visit: Open, keep: Keep, script: str, reason: str, words: str
) -> None:
    visitor = visit(shop, None, path=None)
    visitor.page.add_init_script(script)
    page = visitor.open()
    page.wait_for_selector(f'.finder[data-trouble="{reason}"]')
    expect(page.locator(".finder-why")).to_contain_text(words)
    keep(visitor, f"camera-{reason}")
    field = page.locator('.finder-trouble input[type="file"]')
    assert field.get_attribute("capture") == "environment"
    assert field.get_attribute("accept") == "image/*"
    with page.expect_file_chooser() as chooser:
        page.locator(".finder-trouble .button-main").click()
    chooser.value.set_files(ROOT / "catalog" / "queries" / "MPD-MUG-FOX.jpg")
    page.wait_for_selector('.answer [data-sku="MPD-MUG-FOX"]')


def test_a_camera_that_is_unplugged_is_noticed_and_comes_back(shop: Shop, visit: Open) -> None:
    page = visit(shop).page
    page.wait_for_selector(".finder.is-ready")
    page.evaluate("document.querySelector('video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    page.wait_for_selector('.finder[data-trouble="unplugged"]')
    assert page.locator("#shutter").is_disabled()
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector(".finder.is-ready")
    page.locator("#shutter:enabled").click()
    page.wait_for_selector(".answer")


def test_no_camera_at_all_and_a_real_refusal(shop: Shop, visit: Open) -> None:
    visit(shop, None).page.wait_for_selector('.finder[data-trouble="missing"], .finder[data-trouble="denied"]')


def test_the_page_outlives_a_restart_of_the_server(own_shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(own_shop)
    visitor.expect("ERR_CONNECTION")
    visitor.expect("status of 503")
    page = visitor.page
    page.evaluate("window.untouched = true")
    page.wait_for_selector(".finder.is-ready")
    port = own_shop.port
    own_shop.stop()
    page.locator("#shutter").click()
    expect(page.locator("#link")).to_have_text("One moment, please. We will be right back.")
    keep(visitor, "one-moment")
    own_shop.start(port)
    page.wait_for_selector(".answer", timeout=60_000)
    expect(page.locator("h1")).to_have_text("This is it")
    expect(page.locator("#link")).to_be_hidden()
    assert page.evaluate("window.untouched") is True


def refuse(page: Page, times: int, status: int, **headers: str) -> list[int]:
    asked: list[int] = []

    def answer(route: Route) -> None:
        asked.append(1)
        if len(asked) > times:
            route.continue_()
        else:
            route.fulfill(status=status, headers=headers, json={"title": "no", "status": status, "detail": "not now"})

    page.route("**/v1/search*", answer)
    return asked


def test_an_overloaded_box_is_asked_again_when_it_says(shop: Shop, visit: Open) -> None:
    visitor = visit(shop)
    visitor.expect("status of 503")
    page = visitor.page
    asked = refuse(page, 2, 503, **{"Retry-After": "1"})
    page.locator("#shutter:enabled").click()
    expect(page.locator("#link")).to_contain_text("Your turn in a moment")
    page.wait_for_selector(".answer")
    assert len(asked) == 3


def test_too_many_questions_are_refused_gently_and_the_camera_is_ready_again(shop: Shop, visit: Open) -> None:
    visitor = visit(shop)
    visitor.expect("status of 429")
    page = visitor.page
    refuse(page, 9, 429, **{"Retry-After": "120"})
    page.locator("#shutter:enabled").click()
    expect(page.locator(".complaint")).to_have_text("That was a lot at once. Please wait a moment.")
    page.wait_for_selector(".finder.is-ready:not(.is-looking)")
    expect(page.locator("#shutter")).to_be_enabled()


def test_the_finger_is_answered_at_once(shop: Shop, visit: Open) -> None:
    page = visit(shop).page
    page.route("**/v1/search*", lambda route: None)
    page.wait_for_selector(".finder.is-ready")
    # The picture stands still and says "looking" in the same task as the click, before any answer.
    assert page.evaluate(
        """() => {
            document.querySelector("#shutter").click();
            return [document.querySelector("video").paused, document.querySelector(".finder").matches(".is-looking")];
        }"""
    ) == [True, True]
    expect(page.locator(".looking")).to_have_text("Looking …")
    page.unroute_all(behavior="ignoreErrors")
