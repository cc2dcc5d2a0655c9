"""The shopper's way: photo, answer, and on from there; clicked through in a real browser on a real server."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect
from stage.shop import Shop
from stage.visitor import Visitor

from tests.page.conftest import ROOT, Open

Keep = Callable[[Visitor, str], None]


def shoot(page: Page) -> None:
    page.locator("#shutter:enabled").click()
    page.wait_for_selector(".answer")


def hits(page: Page) -> list[str]:
    return [card.get_attribute("data-sku") or "" for card in page.locator(".more .card").all()]


def test_the_shutter_brings_the_product_with_price_place_and_stock(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop)
    page = visitor.page
    page.wait_for_selector(".finder.is-ready")
    keep(visitor, "start")
    shoot(page)
    keep(visitor, "answer-match")
    expect(page.locator("h1")).to_have_text("This is it")
    product = page.locator(".product")
    assert product.get_attribute("data-sku") == "FJE-250-DRK"
    expect(product.locator(".product-title")).to_have_text("Fjellbru Dark Roast Coffee 250 g")
    expect(product.locator(".price .unseen")).to_have_text("€5.95")
    expect(product.locator(".shelf-place strong")).to_have_text("Aisle 4, shelf 6")
    expect(product.locator(".shelf-stock")).to_have_text("30 in stock")
    assert (
        product.locator(".product-picture img").first.evaluate("image => image.decode().then(() => image.naturalWidth)")
        > 100
    )
    assert page.locator(".product-photo img").get_attribute("alt") == "Your photo"


def test_an_answer_takes_the_focus_and_is_told_to_screen_readers(shop: Shop, visit: Open) -> None:
    page = visit(shop).page
    shoot(page)
    assert page.evaluate("document.activeElement.textContent") == "This is it"
    told = page.locator("#live")
    expect(told).to_have_text("This is it: Fjellbru Dark Roast Coffee 250 g. €5.95. Aisle 4, shelf 6.")
    assert told.get_attribute("aria-live") == "polite"


def test_the_next_best_ones_open_and_lead_back(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop)
    page = visitor.page
    shoot(page)
    others = hits(page)
    assert len(others) >= 4
    assert "FJE-250-DRK" not in others
    page.locator(f'.card[data-sku="{others[0]}"]').click()
    page.wait_for_selector('body[data-screen="product"]')
    assert page.locator(".product").get_attribute("data-sku") == others[0]
    keep(visitor, "product")
    page.locator('[data-act="back"]').click()
    expect(page.locator("h1")).to_have_text("This is it")


def test_more_like_this_lists_others(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop)
    page = visitor.page
    shoot(page)
    page.locator('[data-act="like"]').click()
    page.wait_for_selector('body[data-screen="similar"] .card')
    keep(visitor, "similar")
    found = [card.get_attribute("data-sku") for card in page.locator(".card").all()]
    assert len(found) >= 5
    assert "FJE-250-DRK" not in found
    page.locator(".card").first.click()
    page.wait_for_selector('body[data-screen="product"]')
    page.locator('[data-act="back"]').click()
    page.locator('[data-act="back"]').click()
    expect(page.locator("h1")).to_have_text("This is it")


def test_a_category_chip_asks_again_with_the_same_photo(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop)
    page = visitor.page
    shoot(page)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/v1/search" in request.url else None)
    page.locator('.chip[data-category="Juice"]').click()
    page.wait_for_selector('.chip[data-category="Juice"][aria-pressed="true"]')
    keep(visitor, "category")
    assert len(asked) == 1
    assert "category=Juice" in asked[0]
    named = {card.get_attribute("data-sku") or "" for card in page.locator(".card").all()}
    assert named
    assert all(sku.startswith("TAR-") for sku in named)
    page.locator('.chip[data-category=""]').click()
    expect(page.locator("h1")).to_have_text("This is it")


def test_sizes_are_one_hit_and_then_the_size_is_asked(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop, "TAR-1L-APL")
    page = visitor.page
    shoot(page)
    named = [card.get_attribute("data-sku") or "" for card in page.locator(".card, .product").all()]
    assert len([sku for sku in named if sku in {"TAR-1L-APL", "TAR-250-APL"}]) == 1
    if page.locator(".product").count() == 0:
        page.locator('.card[data-sku^="TAR-"][data-sku$="-APL"]').click()
        page.wait_for_selector(".product")
    expect(page.locator(".product-title")).to_have_text("Tarnwick Pressed Apple Juice")
    expect(page.locator(".shelf-price")).to_have_text("€1.49 – €3.49")
    expect(page.locator(".variant-name")).to_have_text(["250 ml", "1 l"], use_inner_text=True)
    keep(visitor, "variants")
    page.locator('.variant[data-sku="TAR-250-APL"]').click()
    expect(page.locator(".product-title")).to_have_text("Tarnwick Pressed Apple Juice 250 ml")
    expect(page.locator(".price .unseen")).to_have_text("€1.49")
    expect(page.locator(".shelf-stock")).to_have_text("54 in stock")


def test_what_the_shop_does_not_sell_leads_on(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop, "counter")
    page = visitor.page
    shoot(page)
    keep(visitor, "answer-none")
    expect(page.locator("h1")).to_have_text("Not in our catalog")
    assert page.locator(".none .button").count() == 3
    page.locator('[data-act="ask"]').click()
    expect(page.locator("h1")).to_have_text("Ask us")
    keep(visitor, "ask-staff")
    page.locator('[data-act="back"]').click()
    page.locator('[data-act="retake"]').click()
    expect(page.locator("h1")).to_have_text("Show me the product")
    page.wait_for_selector(".finder.is-ready")


def test_a_dark_picture_says_what_to_do_instead(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop, "dark")
    page = visitor.page
    shoot(page)
    keep(visitor, "answer-dark")
    expect(page.locator("h1")).to_have_text("It is too dark to tell")
    assert "Not in our catalog" not in page.inner_text("body")
    expect(page.locator(".verdict p")).to_contain_text("light")


def test_a_blurred_picture_says_what_to_do_instead(shop: Shop, visit: Open) -> None:
    page = visit(shop, "counter").page
    answer = {"query_id": "q", "verdict": "none", "quality": "blurred", "hits": [], "timings_ms": {"total": 1}}
    page.route("**/v1/search*", lambda route: route.fulfill(json=answer))
    shoot(page)
    expect(page.locator("h1")).to_have_text("The photo is blurred")
    expect(page.locator(".verdict p")).to_contain_text("still")


def test_typing_the_name_finds_products(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop)
    page = visitor.page
    page.locator("#type").click()
    assert page.evaluate("document.activeElement.id") == "name"
    page.keyboard.type("oat dr")
    page.wait_for_selector('.card[data-sku="HAV-1L-OAT"]')
    expect(page.locator(".typed [role=status]")).to_have_text("1 product found")
    keep(visitor, "typed")
    page.locator('.card[data-sku="HAV-1L-OAT"]').click()
    expect(page.locator("h1")).to_have_text("Haverlund Oat Drink 1 l")
    page.locator('[data-act="back"]').click()
    page.locator("#name").fill('"*)( xyzzy')
    expect(page.locator(".typed [role=status]")).to_have_text("0 products found")


def test_a_kiosk_brings_its_own_keyboard(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop, path="/?kiosk")
    page = visitor.page
    assert page.locator("#keyboard").is_hidden()
    page.locator("#type").click()
    page.get_by_role("button", name="Capital letters").click()
    for key in "Tean":
        page.locator(".key", has_text=re.compile(f"^{key}$")).click()
    page.get_by_role("button", name="Erase").click()
    assert page.locator("#name").input_value() == "Tea"
    assert page.locator("#name").get_attribute("inputmode") == "none"
    page.wait_for_selector(".card")
    keep(visitor, "keyboard")
    page.get_by_role("button", name="Done").click()
    assert page.locator("#keyboard").is_hidden()
    page.locator(".card").last.click()
    page.wait_for_selector('body[data-screen="product"]')
    assert visit(shop).page.locator("#keyboard").count() == 0


def test_a_steady_picture_takes_itself(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop, "hands")
    page = visitor.page
    page.locator("#hands-free").click()
    expect(page.locator("#hands-free")).to_have_attribute("aria-checked", "true")
    page.wait_for_selector(".answer", timeout=40_000)
    keep(visitor, "hands-free")
    assert page.locator('[data-sku="MPD-MUG-FOX"]').count() == 1


def test_a_file_can_be_chosen_dropped_or_pasted(shop: Shop, visit: Open) -> None:
    page = visit(shop, None).page
    photo = ROOT / "catalog" / "queries" / "MPD-MUG-FOX.jpg"
    with page.expect_file_chooser() as chooser:
        page.locator("#choose").click()
    chooser.value.set_files(photo)
    page.wait_for_selector('.answer [data-sku="MPD-MUG-FOX"]')
    for event in ("drop", "paste"):
        page.locator("#home").click()
        page.wait_for_selector(".start")
        hand(page, event, photo)
        page.wait_for_selector('.answer [data-sku="MPD-MUG-FOX"]')


def hand(page: Page, event: str, photo: Path) -> None:
    """Drop or paste a file, as the browser tells it."""
    page.evaluate(
        """async ([event, numbers]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(numbers)], "p.jpg", { type: "image/jpeg" }));
            const made = event === "drop"
                ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
                : new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
            document.querySelector(".start").dispatchEvent(made);
        }""",
        [event, list(photo.read_bytes())],
    )


def test_a_file_that_is_no_photo_is_named_gently(shop: Shop, visit: Open, tmp_path: Path) -> None:
    visitor = visit(shop, None)
    visitor.expect("status of 4")
    page = visitor.page
    fake = tmp_path / "photo.jpg"
    fake.write_bytes(b"<html>this is no photo</html>")
    with page.expect_file_chooser() as chooser:
        page.locator("#choose").click()
    chooser.value.set_files(fake)
    expect(page.locator(".complaint")).to_contain_text("take another photo")
    page.locator("#type").click()
    assert page.locator(".complaint").count() == 0


def test_a_real_grocery_photo_finds_its_carton(grocery: Path, tmp_path: Path, visit: Open, keep: Keep) -> None:
    from stage.shop import command

    home = tmp_path / "grocery"
    command(home, "index", "--no-adapt", "--manifest", str(grocery / "catalog.csv"))
    film = str(grocery / "queries" / "Alpro-Blueberry-Soyghurt_001.jpg")
    with Shop(home, shop_name="Real groceries") as real:
        visitor = visit(real, film)
        page = visitor.page
        shoot(page)
        keep(visitor, "grocery")
        assert page.locator('.answer [data-sku="Alpro-Blueberry-Soyghurt"]').count() == 1
        visitor.close()
