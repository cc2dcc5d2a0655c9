"""A visit ends: the page warns, starts over and forgets; and it speaks five languages."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from stage.shop import Shop
from stage.visitor import Visitor

from tests.page.conftest import PIN, ROOT, Open

Keep = Callable[[Visitor, str], None]
WORDS = {
    code: json.loads((ROOT / "edge_search" / "web" / "page" / "language" / f"{code}.json").read_text(encoding="utf-8"))
    for code in ("en", "es", "de", "fr", "zh")
}


def choose_language(page: Page, code: str) -> None:
    page.locator("#language").click()
    page.locator(f'.language-choice[data-code="{code}"]').click()


def at_a_fast_clock(visit: Open, shop: Shop, film: str | None = "FJE-250-DRK") -> Page:
    visitor = visit(shop, film, path=None)
    visitor.expect("ERR_FILE_NOT_FOUND (blob:")
    visitor.page.clock.install()
    page = visitor.open()
    page.wait_for_selector("body[data-screen]")
    return page


def test_silence_warns_then_starts_over_and_forgets(shop: Shop, visit: Open) -> None:
    page = at_a_fast_clock(visit, shop)
    choose_language(page, "fr")
    page.locator("#shutter:enabled").click()
    page.wait_for_selector(".answer")
    photo = page.locator(".product-photo img").get_attribute("src") or ""
    assert photo.startswith("blob:")
    page.clock.fast_forward(61_000)
    dialog = page.locator("dialog.idle")
    expect(dialog.locator("h2")).to_have_text(WORDS["fr"]["idle.title"])
    page.clock.fast_forward(25_000)
    page.wait_for_selector('body[data-screen="start"]')
    assert dialog.count() == 0
    expect(page.locator("h1")).to_have_text(WORDS["en"]["start.title"])
    # A photo that was let go can't be read any more.
    assert (
        page.evaluate(
            "url => new Promise((done) => { const i = new Image(); i.onload = () => done(true);"
            " i.onerror = () => done(false); i.src = url; })",
            photo,
        )
        is False
    )


def test_the_wait_can_be_made_longer_again_and_again(shop: Shop, visit: Open, keep: Keep) -> None:
    page = at_a_fast_clock(visit, shop)
    page.locator("#type").click()
    page.locator("#name").fill("tea")
    for _ in range(3):
        page.clock.fast_forward(61_000)
        page.get_by_role("button", name="I need more time").click()
        expect(page.locator("dialog")).to_have_count(0)
    assert page.locator("#name").input_value() == "tea"
    assert page.evaluate("document.activeElement.id") == "name"
    page.clock.fast_forward(61_000)
    page.keyboard.press("Escape")
    page.clock.fast_forward(30_000)
    assert page.locator("#name").input_value() == "tea"


def test_somebody_who_does_something_is_not_warned(shop: Shop, visit: Open) -> None:
    page = at_a_fast_clock(visit, shop)
    page.locator("#type").click()
    for _ in range(4):
        page.clock.fast_forward(40_000)
        page.keyboard.press("a")
    assert page.locator("dialog").count() == 0


def test_staff_that_walks_away_is_signed_out(shop: Shop, visit: Open) -> None:
    page = at_a_fast_clock(visit, shop, None)
    page.locator("#staff").click()
    page.locator("#secret").fill(PIN)
    page.keyboard.press("Enter")
    page.wait_for_selector('body[data-screen="staff-desk"]')
    page.clock.fast_forward(301_000)
    expect(page.locator("dialog.idle")).to_be_visible()
    with page.expect_response("**/v1/session") as ended:
        page.clock.fast_forward(25_000)
    assert ended.value.request.method == "DELETE"
    page.wait_for_selector('body[data-screen="start"]')
    assert page.evaluate("fetch('/v1/session').then((a) => a.json())") == {"role": None}


def test_the_language_button_is_first_and_changes_every_word(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop)
    page = visitor.page
    page.wait_for_selector(".finder.is-ready")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "language"
    page.locator("#shutter:enabled").click()
    page.wait_for_selector(".answer")
    for code in ("de", "es", "fr", "zh", "en"):
        choose_language(page, code)
        expect(page.locator("h1")).to_have_text(WORDS[code]["verdict.match"])
        assert (page.locator("html").get_attribute("lang") or "").startswith(code)
        assert page.evaluate("document.activeElement.id") == "language"
        keep(visitor, f"answer-{code}")
        seen = page.inner_text("body")
        others = {text for other, words in WORDS.items() if other != code for text in words.values()}
        mine = set(WORDS[code].values())
        foreign = [line for line in seen.splitlines() if line in others and line not in mine]
        assert foreign == []
    price = page.locator(".price .unseen")
    choose_language(page, "de")
    expect(price).to_have_text("5,95\u00a0€")


@pytest.mark.parametrize("on", [True, False])
def test_spoken_answers_use_voices_of_this_machine_only(shop: Shop, visit: Open, on: bool) -> None:
    visitor = visit(shop, path=None)
    visitor.page.add_init_script(
        """
        window.said = [];
        const voice = (name, localService) => ({ name, lang: "en-GB", localService, default: false, voiceURI: name });
        speechSynthesis.getVoices = () => [voice("far away", false), voice("here", true)];
        window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
        speechSynthesis.speak = (one) => window.said.push([one.voice.name, one.text]);
        """
    )
    page = visitor.open()
    page.wait_for_selector(".finder.is-ready")
    if on:
        page.locator("#speech").click()
        expect(page.locator("#speech")).to_have_attribute("aria-pressed", "true")
    page.locator("#shutter:enabled").click()
    page.wait_for_selector(".answer")
    said = page.evaluate("window.said")
    if on:
        assert said[-1] == ["here", "This is it: Fjellbru Dark Roast Coffee 250 g. €5.95. Aisle 4, shelf 6."]
    else:
        assert said == []
