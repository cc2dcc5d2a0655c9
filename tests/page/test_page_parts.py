"""The page's parts by themselves, in the browser that runs them: the steady shutter, money, colours, sizes, words."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from stage.shop import Shop, command

from tests.page.conftest import Open

FRAMES = """
    const { Steady, FRAME } = await import("/page/steady.js");
    const pixels = FRAME.width * FRAME.height;
    const noise = (frame, by) => frame.map((value) => value + (Math.random() - 0.5) * by);
    const table = Array.from({ length: pixels }, (_, i) => 120 + (i % 7) * 4);
    const jar = table.map((value, i) => (i % 48 > 14 && i % 48 < 34 ? 255 - value : value));
    const box = table.map((value, i) => (i % 48 > 8 && i % 48 < 26 ? value - 70 : value));
    const moving = (step) => table.map((value, i) => ((i + step * 5) % 48 < 14 ? 230 : value));
    const steady = new Steady();
    let now = 0;
    const show = (frame, ms, by = 3) => {
        const states = [];
        for (const end = now + ms; now < end; now += 120) {
            const given = typeof frame === "function" ? frame(now / 120) : frame;
            states.push(steady.look(noise(given, by), now).state);
        }
        return states;
    };
"""


@pytest.fixture
def page(shop: Shop, visit: Open) -> Page:
    return visit(shop, None).page


def run(page: Page, script: str, *arguments: Any) -> Any:
    return page.evaluate("async (given) => {" + script + "}", list(arguments))


def test_something_new_that_holds_still_is_taken_once(page: Page) -> None:
    states = run(page, FRAMES + "show(table, 3000); show(moving, 600); return [show(jar, 1500), show(jar, 4000)];")
    assert states[0].count("fire") == 1
    assert "holding" in states[0]
    assert set(states[1]) == {"empty"}


def test_an_empty_counter_and_a_passing_hand_take_nothing(page: Page) -> None:
    script = FRAMES + "return [...show(table, 5000), ...show(moving, 2000), ...show(table, 4000)];"
    assert "fire" not in run(page, script)


def test_taking_the_product_away_takes_nothing_and_the_next_one_is_taken(page: Page) -> None:
    script = FRAMES + (
        "show(table, 3000); show(moving, 400); show(jar, 1500);"
        "const away = [...show(moving, 400), ...show(table, 3000)];"
        "show(moving, 400); return [away, show(box, 1500)];"
    )
    away, following = run(page, script)
    assert "fire" not in away
    assert following.count("fire") == 1


def test_after_an_answer_neither_the_same_product_nor_the_empty_counter_is_taken(page: Page) -> None:
    script = FRAMES + (
        "show(table, 3000); show(moving, 400); show(jar, 1500); now += 20000; steady.wake();"
        "const held = show(jar, 3000); show(moving, 400); const gone = show(table, 3000);"
        "show(moving, 400); return [held, gone, show(box, 1500)];"
    )
    held, gone, following = run(page, script)
    assert "fire" not in held + gone
    assert following.count("fire") == 1


def test_what_is_put_down_for_good_belongs_to_the_place(page: Page) -> None:
    script = FRAMES + (
        "show(table, 3000); show(moving, 400); const first = show(jar, 12000);"
        "show(moving, 400); show(box, 1500); show(moving, 400); return [first, show(jar, 3000)];"
    )
    first, again = run(page, script)
    assert first.count("fire") == 1
    assert "fire" not in again


def test_a_lamp_that_changes_and_the_dark_take_nothing(page: Page) -> None:
    script = FRAMES + (
        "show(table, 3000); const brighter = table.map((v) => v + 40); const night = table.map(() => 4);"
        "return [...show(brighter, 2500), ...show(night, 2500)];"
    )
    assert "fire" not in run(page, script)


def test_sensor_noise_does_not_keep_it_from_firing(page: Page) -> None:
    assert run(page, FRAMES + "show(table, 3000, 8); show(moving, 400); return show(jar, 2000, 8);").count("fire") == 1


@pytest.mark.parametrize(
    ("language", "amount", "currency", "written"),
    [
        ("en", 6.4, "EUR", "€6.40"),
        ("de", 1234.5, "EUR", "1.234,50\u00a0€"),
        ("fr", 6.4, "EUR", "6,40\u00a0€"),
        ("es", 6.4, "EUR", "6,40\u00a0€"),
        ("zh", 6.4, "CNY", "¥6.40"),
        ("en", 700, "JPY", "¥700"),
        ("en", 2, "Taler", "2.00\u00a0Taler"),
        ("en", 2, None, "2.00"),
        ("en", 0, "EUR", "€0.00"),
    ],
)
def test_money_is_written_as_the_language_does(
    page: Page, language: str, amount: float, currency: str | None, written: str
) -> None:
    script = """
        const { change } = await import("/page/language.js");
        const { money, priceTag } = await import("/page/money.js");
        change(given[0]);
        return [money(given[1], given[2]), priceTag(given[1], given[2]).querySelector(".price-figures").textContent];
    """
    assert run(page, script, language, amount, currency) == [written, written]


def test_words_have_plurals_and_gaps_are_seen(page: Page) -> None:
    script = """
        const { change, text } = await import("/page/language.js");
        const out = [text("typed.count", { count: 1 }), text("typed.count", { count: 1200 }), text("no.such.key")];
        change("de");
        return [...out, text("typed.count", { count: 1200 })];
    """
    assert run(page, script) == ["1 product found", "1,200 products found", "no.such.key", "1.200 Artikel gefunden"]


def test_any_colour_of_a_shop_stays_readable(page: Page) -> None:
    script = """
        const { contrast, onTop, readable } = await import("/page/theme.js");
        let least = 21;
        for (let r = 0; r < 256; r += 15) for (let g = 0; g < 256; g += 15) for (let b = 0; b < 256; b += 15) {
            const colour = [r, g, b];
            least = Math.min(least, contrast(onTop(colour), colour));
            for (const page of [[250, 248, 243], [20, 22, 21]])
                least = Math.min(least, contrast(readable(colour, page), page));
        }
        return least;
    """
    assert run(page, script) >= 4.5


def test_sizes_are_told_apart_by_title_attribute_or_sku(page: Page) -> None:
    script = """
        const { commonTitle, differences } = await import("/page/variants.js");
        return given.map((variants) => [commonTitle(variants), differences(variants)]);
    """
    groups = [
        [{"sku": "A", "title": "Forest T-Shirt, navy"}, {"sku": "B", "title": "Forest T-Shirt, brick red"}],
        [
            {"sku": "A", "title": "Runner", "attributes": {"fit": "slim", "size": "41"}},
            {"sku": "B", "title": "Runner", "attributes": {"fit": "slim", "size": "42"}},
        ],
        [{"sku": "A", "title": "Runner", "attributes": {}}, {"sku": "B", "title": "Runner", "attributes": {}}],
        [{"sku": "A", "title": "Milk"}, {"sku": "B", "title": "Oat drink"}],
    ]
    assert run(page, script, *groups) == [
        ["Forest T-Shirt", ["navy", "brick red"]],
        ["Runner", ["41", "42"]],
        ["Runner", ["A", "B"]],
        ["Milk", ["Milk", "Oat drink"]],
    ]


def test_the_photo_is_what_lies_under_the_frame(page: Page) -> None:
    script = """
        const { partUnder } = await import("/page/photo.js");
        const box = (left, top, width, height) => ({ left, top, width, height });
        return partUnder({ width: 1000, height: 500 }, box(0, 0, 400, 400), box(100, 100, 200, 200), 0);
    """
    # The video covers its place at scale 0.8: 800 x 400, 200 cut off on each side.
    assert run(page, script) == {"x": 375, "y": 125, "width": 250, "height": 250}


def test_a_photo_is_made_small_and_loses_what_the_phone_wrote_into_it(page: Page) -> None:
    script = """
        const { prepare } = await import("/page/photo.js");
        const canvas = document.createElement("canvas");
        Object.assign(canvas, { width: 4000, height: 3000 });
        const large = await new Promise((done) => canvas.toBlob(done, "image/png"));
        const ready = await prepare(large);
        const size = await createImageBitmap(ready);
        const strange = new Blob(["not for browsers"], { type: "image/heic" });
        return [ready.type, size.width, size.height, (await prepare(strange)) === strange];
    """
    assert run(page, script) == ["image/jpeg", 1600, 1200, True]


HOSTILE = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>'


def test_markup_in_product_fields_stays_words(tmp_path: Path, visit: Open) -> None:
    catalog = tmp_path / "catalog"
    source = Path(__file__).resolve().parents[2] / "catalog"
    for sku in ("FJE-250-DRK", "MPD-MUG-FOX"):
        (catalog / sku).mkdir(parents=True)
        for photo in (source / sku).glob("*.jpg"):
            (catalog / sku / photo.name).write_bytes(photo.read_bytes())
    with (catalog / "products.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["sku", "title", "category", "brand", "price", "currency", "stock", "location", "variant_group"])
        for sku in ("FJE-250-DRK", "MPD-MUG-FOX"):
            rows.writerow(
                [sku, f"{HOSTILE} {sku}", HOSTILE, HOSTILE, "1", "<b>", "3", HOSTILE, "" if sku[0] == "H" else "<i>"]
            )
    home = tmp_path / "home"
    command(home, "index", str(catalog))
    with Shop(home, shop_name="<b>Shop</b>") as hostile:
        page = visit(hostile).page
        page.locator("#shutter:enabled").click()
        page.wait_for_selector(".answer")
        assert HOSTILE in page.inner_text(".answer")
        for reach in ("#home", "#type"):
            page.locator(reach).click()
        page.locator("#name").fill("onerror")
        page.locator(".card").first.click()
        page.wait_for_selector('body[data-screen="product"]')
        page.locator('[data-act="like"]').click()
        page.wait_for_selector('body[data-screen="similar"]')
        assert page.evaluate("window.hurt") is None
        assert page.locator("script").count() == 1
        expect(page.locator(".bar-name")).to_have_text("<b>Shop</b>")
        assert page.locator("#stage img[onerror], #stage i, #stage b").count() == 0
