"""Staff mode, clicked through: sign in, teach, correct, check; and what the box tells staff about itself."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from stage.shop import Shop
from stage.visitor import Visitor

from tests.page.conftest import PIN, ROOT, Open

Keep = Callable[[Visitor, str], None]


def sign_in(page: Page, pin: str = PIN) -> None:
    page.locator("#staff").click()
    for digit in pin:
        page.locator(".pad .key", has_text=digit).click()
    page.locator('[data-act="enter"]').click()


def task(page: Page, name: str) -> None:
    page.locator(f'[data-task="{name}"]').click()
    page.wait_for_selector(f'body[data-screen="staff-{name}"]')


def choose_files(page: Page, *photos: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator('[data-act="files"]').click()
    chooser.value.set_files(photos)
    expect(page.locator(".strip li")).to_have_count(len(photos))


def ask_over_http(page: Page, photo: Path) -> list[str]:
    """Search as another client of the same box would."""
    found: list[str] = page.evaluate(
        """async (numbers) => {
            const body = new Blob([new Uint8Array(numbers)], { type: "image/jpeg" });
            const answer = await fetch("/v1/search?k=3", { method: "POST", body });
            return (await answer.json()).hits.map((hit) => hit.sku);
        }""",
        list(photo.read_bytes()),
    )
    return found


def test_a_wrong_pin_is_refused_and_the_right_one_opens_the_desk(own_shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(own_shop, None)
    visitor.expect("status of 401")
    page = visitor.page
    sign_in(page, "999999")
    expect(page.locator("#signin-told")).to_have_text("That was not right. Please try again.")
    keep(visitor, "staff-signin")
    for digit in PIN:
        page.locator(".pad .key", has_text=digit).click()
    page.locator('[data-act="enter"]').click()
    page.wait_for_selector('body[data-screen="staff-desk"]')
    keep(visitor, "staff-desk")
    assert page.locator(".task").count() == 6
    assert page.evaluate("document.cookie") == ""
    page.locator('[data-act="sign-out"]').click()
    page.wait_for_selector('body[data-screen="start"]')
    page.locator("#staff").click()
    page.wait_for_selector('body[data-screen="staff-signin"]')


def test_a_token_opens_the_desk_as_well(own_shop: Shop, visit: Open) -> None:
    assert own_shop.token is not None
    page = visit(own_shop, None).page
    page.locator("#staff").click()
    page.get_by_role("button", name="Use a token instead").click()
    page.locator("#secret").fill(own_shop.token)
    page.keyboard.press("Enter")
    page.wait_for_selector('body[data-screen="staff-desk"]')


def test_teaching_a_new_product_makes_it_findable_at_once(own_shop: Shop, visit: Open, keep: Keep) -> None:
    unknown = ROOT / "catalog" / "queries" / "unknown_bicycle_mug.jpg"
    visitor = visit(own_shop, str(unknown))
    page = visitor.page
    sign_in(page)
    task(page, "teach")
    assert page.locator('[data-act="save"]').is_disabled()
    page.locator('[data-act="new"]').click()
    page.locator("#new-sku").fill("MUG-BIKE")
    page.locator("#new-title").fill("Bicycle Mug, mint")
    page.locator("#new-price").fill("8.50")
    page.locator('[data-act="use"]').click()
    page.locator('[data-act="shoot"]:enabled').click()
    expect(page.locator(".strip li")).to_have_count(1)
    page.locator('[data-act="shoot"]:enabled').click()
    expect(page.locator(".strip li")).to_have_count(2)
    keep(visitor, "staff-teach")
    page.locator('[data-act="save"]').click()
    expect(page.locator(".told-good")).to_have_text("Bicycle Mug, mint: 2 photos learned. It can be found now.")
    page.locator("#home").click()
    page.locator("#shutter:enabled").click()
    page.wait_for_selector(".answer")
    keep(visitor, "staff-taught-found")
    expect(page.locator("h1")).to_have_text("This is it")
    assert page.locator(".product").get_attribute("data-sku") == "MUG-BIKE"
    expect(page.locator(".price .unseen")).to_have_text("€8.50")


def test_presses_while_the_picture_is_not_live_take_none(shop: Shop, visit: Open) -> None:
    page = visit(shop).page
    sign_in(page)
    task(page, "teach")
    page.wait_for_selector('[data-act="shoot"]:enabled')
    # Nobody is that fast, but one press falls between two pictures sooner or later.
    page.evaluate("() => setInterval(() => document.querySelector('[data-act=\"shoot\"]').click(), 0)")
    expect(page.locator(".strip li")).to_have_count(5)
    widths = page.evaluate(
        """() => Promise.all([...document.querySelectorAll(".strip img")].map(
            (img) => img.decode().then(() => img.naturalWidth)))"""
    )
    assert len(set(widths)) == 1
    assert widths[0] > 100


def test_photos_can_be_taken_out_again_and_five_are_the_most(shop: Shop, visit: Open) -> None:
    page = visit(shop, None).page
    sign_in(page)
    task(page, "teach")
    photos = sorted((ROOT / "catalog" / "queries").glob("HON-*.jpg")) + sorted(
        (ROOT / "catalog" / "queries").glob("S*.jpg")
    )
    with page.expect_file_chooser() as chooser:
        page.locator('[data-act="files"]').click()
    chooser.value.set_files(photos[:6])
    expect(page.locator(".strip li")).to_have_count(5)
    assert page.locator('[data-act="files"]').is_disabled()
    page.get_by_role("button", name="Take out photo 2").click()
    expect(page.locator(".strip li")).to_have_count(4)
    expect(page.locator(".collector [role=status]")).to_have_text("4 of 5")


def test_correcting_an_answer_notes_it_and_teaches_the_photo(own_shop: Shop, visit: Open, keep: Keep) -> None:
    unknown = ROOT / "catalog" / "queries" / "unknown_grapefruit_can.jpg"
    visitor = visit(own_shop, str(unknown))
    page = visitor.page
    sign_in(page)
    page.locator('[data-act="try"]').click()
    page.locator("#shutter:enabled").click()
    page.wait_for_selector(".answer")
    with page.expect_response("**/v1/feedback") as noted, page.expect_response("**/images") as taught:
        page.locator('[data-act="correct"]').click()
        page.wait_for_selector('body[data-screen="staff-correct"]')
        keep(visitor, "staff-correct")
        page.locator("#name").fill("crisps paprika")
        page.locator('.typed .card[data-sku="SAL-150-PAP"]').click()
    assert noted.value.json() == {"recorded": True}
    assert taught.value.ok
    expect(page.locator(".told-good")).to_have_text("Noted and learned: it was Saltmere Smoky Paprika Crisps 150 g.")
    page.locator("#home").click()
    page.locator("#shutter:enabled").click()
    page.wait_for_selector('.answer .product[data-sku="SAL-150-PAP"]')


def test_an_answer_can_be_corrected_to_none_of_ours(shop: Shop, visit: Open) -> None:
    page = visit(shop).page
    sign_in(page)
    page.locator('[data-act="try"]').click()
    page.locator("#shutter:enabled").click()
    page.locator('[data-act="correct"]').click()
    with page.expect_response("**/v1/feedback") as noted:
        page.locator('.correct [data-act="none"]').click()
    assert noted.value.ok
    expect(page.locator(".told-good")).to_have_text("Noted: it is not in the catalog.")


def test_shoppers_say_none_of_these_but_correct_nothing(shop: Shop, visit: Open) -> None:
    page = visit(shop).page
    page.locator("#shutter:enabled").click()
    page.wait_for_selector(".answer")
    assert page.locator('[data-act="correct"]').count() == 0
    with page.expect_response("**/v1/feedback") as noted:
        page.locator('[data-act="none"]').click()
    assert noted.value.ok
    expect(page.locator(".answer-end h2")).to_contain_text("we noted it")


def test_check_photos_are_counted_and_never_teach(own_shop: Shop, visit: Open, keep: Keep) -> None:
    unknown = ROOT / "catalog" / "queries" / "unknown_sparkle_box.jpg"
    visitor = visit(own_shop, str(unknown))
    page = visitor.page
    before = ask_over_http(page, unknown)
    sign_in(page)
    task(page, "check")
    expect(page.locator("#checks-held")).to_have_text("0 check photos of 0 products so far.")
    page.locator("#name").fill("toothpaste")
    page.locator('.card[data-sku="MIN-75-MNT"]').click()
    choose_files(page, unknown)
    page.locator('[data-act="shoot"]:enabled').click()
    expect(page.locator(".strip li")).to_have_count(2)
    page.locator('[data-act="save"]').click()
    expect(page.locator(".told-good")).to_have_text("Minvale Fresh Mint Toothpaste 75 ml: 2 check photos saved.")
    expect(page.locator("#checks-held")).to_have_text("2 check photos of 1 products so far.")
    keep(visitor, "staff-check")
    assert ask_over_http(page, unknown) == before


def test_the_state_of_the_box_is_shown(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop, None)
    page = visitor.page
    sign_in(page)
    task(page, "status")
    expect(page.locator(".counts li").first).to_have_text("43products")
    keep(visitor, "staff-status")
    assert "GB" in page.inner_text(".facts")


def test_a_lapsed_session_leads_back_to_the_door(shop: Shop, visit: Open) -> None:
    visitor = visit(shop, None)
    visitor.expect("status of 401")
    page = visitor.page
    sign_in(page)
    page.wait_for_selector('body[data-screen="staff-desk"]')
    page.context.clear_cookies()
    page.locator('[data-task="status"]').click()
    page.wait_for_selector('body[data-screen="staff-signin"]')


# What other parts of the box tell: their answers as the HTTP contract has them.
MEDIA = {"media": [{"media_id": "m1", "label": "AUTUMN", "path": "/media/autumn"}]}
REPORT: dict[str, Any] = {
    "path": "/media/autumn",
    "new": [{"path": "APPLE-1/front.jpg", "sku": "APPLE-1"}, {"path": "APPLE-1/back.jpg", "sku": "APPLE-1"}],
    "changed": [],
    "unchanged": 4,
    "unreadable": [{"path": "APPLE-1/broken.jpg", "reason": "truncated"}],
    "unknown_sku": [{"path": "WHAT/1.jpg", "sku": "WHAT"}],
    "products_changed": 3,
    "taken": None,
    "into": None,
}
HELD = {"products": 37, "reason": "37 of 90 products are gone"}
SOURCE = {
    "source_id": 3,
    "path": "/srv/catalog",
    "kind": "folder",
    "state": "held",
    "last_scan": "2026-11-22T20:00:00+00:00",
    "images": 86,
}


def answers(page: Page, path: str, *bodies: Any) -> list[Route]:
    """Answer a path with these bodies, one after the other, the last one again; returns what was asked."""
    asked: list[Route] = []

    def answer(route: Route) -> None:
        asked.append(route)
        route.fulfill(json=bodies[min(len(asked), len(bodies)) - 1])

    page.route(f"**{path}", answer)
    return asked


def test_a_stick_is_looked_at_before_it_is_taken_in(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop, None)
    page = visitor.page
    answers(page, "/v1/media", {"media": []}, MEDIA)
    looked = answers(page, "/v1/media/m1/preview", REPORT)
    taken = answers(page, "/v1/media/m1/import", {**REPORT, "taken": 2, "into": "/srv/catalog"})
    sign_in(page)
    task(page, "stick")
    expect(page.locator(".empty")).to_have_text("No stick is plugged in.")
    page.locator('[data-medium="m1"] [data-act="preview"]').click()
    expect(page.locator(".counts li")).to_have_text(
        ["2new photos", "0changed photos", "4known already", "3product rows"]
    )
    page.locator("summary", has_text="1 file that cannot be read").click()
    expect(page.locator(".files code").locator("visible=true")).to_have_text(["APPLE-1/broken.jpg"])
    assert (len(looked), len(taken)) == (1, 0)
    keep(visitor, "staff-stick")
    page.locator('[data-act="import"]').click()
    expect(page.locator(".told-good")).to_have_text("2 photos taken in. You can unplug the stick.")
    assert len(taken) == 1


def test_the_inbox_names_unknown_skus(own_shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(own_shop, None)
    page = visitor.page
    item = {"sku": "NEW-77", "images": [{"image_id": 1, "image": "/v1/images/1"}], "reason": "not in products.csv"}
    answers(page, "/v1/inbox", {"items": [item]}, {"items": []})
    sign_in(page)
    task(page, "inbox")
    keep(visitor, "staff-inbox")
    page.locator("#inbox-0-title").fill("Quince jelly 200 g")
    page.locator("#inbox-0-price").fill("4,2")
    with page.expect_response("**/v1/products/NEW-77") as put:
        page.locator('[data-sku="NEW-77"] [data-act="save"]').click()
    assert put.value.ok
    assert put.value.request.post_data_json == {"title": "Quince jelly 200 g", "price": 4.2, "currency": "EUR"}
    expect(page.locator(".told-good")).to_have_text("Quince jelly 200 g is in the catalog.")
    expect(page.locator(".empty")).to_have_text("The inbox is empty.")


def test_a_mass_deletion_is_confirmed_only_after_a_second_yes(shop: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(shop, None)
    page = visitor.page
    answers(page, "/v1/watch", {"state": "running", "until": None, "backlog": 12, "eta_seconds": 90})
    state = {"held": True}
    page.route(
        "**/v1/sources",
        lambda route: route.fulfill(json={"sources": [{**SOURCE, "held": HELD if state["held"] else None}]}),
    )

    def confirm(route: Route) -> None:
        state["held"] = False
        route.fulfill(json={"confirmed": True})

    page.route("**/v1/sources/3/confirm", confirm)
    sign_in(page)
    task(page, "sources")
    expect(page.locator(".held")).to_contain_text("37 products would disappear")
    keep(visitor, "staff-sources")
    page.locator('[data-act="confirm"]').click()
    page.get_by_role("button", name="No, go back").click()
    assert state["held"]
    page.locator('[data-act="confirm"]').click()
    page.locator('[data-act="yes"]').click()
    expect(page.locator(".told-good")).to_have_text("The removal is confirmed.")
    assert page.locator(".held").count() == 0


def test_following_is_paused_and_goes_on(shop: Shop, visit: Open) -> None:
    page = visit(shop, None).page
    running = {"state": "running", "until": None, "backlog": 0, "eta_seconds": None}
    answers(page, "/v1/sources", {"sources": []})
    answers(page, "/v1/watch", running, {**running, "state": "paused", "until": 1795000000}, running)
    paused = answers(page, "/v1/watch/pause", {})
    resumed = answers(page, "/v1/watch/resume", {})
    sign_in(page)
    task(page, "sources")
    page.locator('[data-act="pause_15"]').click()
    expect(page.locator(".plate").first).to_contain_text("paused")
    assert paused[0].request.post_data_json == {"minutes": 15}
    page.locator('[data-act="resume"]').click()
    expect(page.locator(".plate").first).to_contain_text("running")
    assert len(resumed) == 1


def test_what_this_build_lacks_is_said_plainly(shop: Shop, visit: Open) -> None:
    visitor = visit(shop, None)
    visitor.expect("status of 501")
    page = visitor.page
    page.route(
        "**/v1/inbox", lambda route: route.fulfill(status=501, json={"title": "x", "detail": "not in this build"})
    )
    sign_in(page)
    task(page, "inbox")
    expect(page.locator(".told-bad")).to_have_text("This box cannot do that yet.")


@pytest.fixture
def plugged(sample_home: Path, tmp_path: Path) -> Iterator[Shop]:
    """A shop in a mount namespace of its own, with a stick (a folder, mounted) that brings one new product."""
    home, stick, media = tmp_path / "home", tmp_path / "stick", tmp_path / "media"
    shutil.copytree(sample_home, home)
    (media / "AUTUMN").mkdir(parents=True)
    (stick / "MUG-BIKE").mkdir(parents=True)
    shutil.copy(ROOT / "catalog" / "queries" / "unknown_bicycle_mug.jpg", stick / "MUG-BIKE" / "front.jpg")
    (stick / "MUG-BIKE" / "broken.jpg").write_bytes(b"no photo")
    (stick / "products.csv").write_text("sku,title,price,currency\nMUG-BIKE,Bicycle Mug,8.5,EUR\n", encoding="utf-8")
    namespace = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    mount = 'mount --bind "$0" "$1" && shift && exec "$@"'
    trial = [*namespace, mount, str(stick), str(media / "AUTUMN"), "true"]
    if shutil.which("unshare") is None or subprocess.run(trial, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount in a namespace of their own")
    within = [*namespace, mount, str(stick), str(media / "AUTUMN")]
    with Shop(home, within=within, media_roots=media, shop_name="Corner Pantry") as shop:
        yield shop


def test_a_real_stick_is_taken_in_and_its_product_found(plugged: Shop, visit: Open, keep: Keep) -> None:
    visitor = visit(plugged, str(ROOT / "catalog" / "queries" / "unknown_bicycle_mug.jpg"))
    visitor.expect("status of 501")
    page = visitor.page
    sign_in(page)
    page.wait_for_selector('body[data-screen="staff-desk"]')
    if page.evaluate("fetch('/v1/media').then((answer) => answer.status)") == 501:
        pytest.skip("this build finds no sticks")
    task(page, "stick")
    page.locator('.plate:has-text("AUTUMN") [data-act="preview"]').click()
    expect(page.locator(".counts li").first).to_have_text("1new photos")
    page.locator("summary", has_text="1 file that cannot be read").wait_for()
    keep(visitor, "staff-stick-real")
    page.locator('[data-act="import"]').click()
    expect(page.locator(".told-good")).to_have_text("1 photo taken in. You can unplug the stick.", timeout=60_000)
    page.locator("#home").click()
    page.locator("#shutter:enabled").click()
    page.wait_for_selector('.answer .product[data-sku="MUG-BIKE"]')
