"""What speaks for an answer: the outlined part of the shopper's photo, and how many details agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect
from stage.shop import Shop, command
from stage.visitor import Visitor

from tests.local.drawn import detailed, seen
from tests.local.shop import CORNERS, SKUS, carry, fitting
from tests.page.conftest import Open
from tests.page.test_page_looks import SIZES, sticks_out, too_small

Keep = Callable[[Visitor, str], None]
WIDTH, HEIGHT = 440, 400  # of the photo
INSIDE = 0.2  # of the photo's side


@pytest.fixture(scope="module")
def detailed_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop by the real encoder, with details fitted and in use."""
    from edge_search.appliance.box import Box

    folder = tmp_path_factory.mktemp("detailed")
    for number in range(SKUS):
        picture = folder / "catalog" / f"S{number}" / "front.png"
        picture.parent.mkdir(parents=True)
        detailed(number).save(picture)
    home = folder / "home"
    command(home, "index", "--no-adapt", str(folder / "catalog"))
    with Box(home) as box:
        box.builder.publish()
        report = fitting(box).fit()
        assert report.vocabulary_id is not None
        carry(box, report.vocabulary_id)
    with Shop(home) as opened:
        yield opened


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    seen(detailed(3), CORNERS, (WIDTH, HEIGHT)).save(path, quality=92)
    return path


def answers(page: Page, verdict: str, **evidence: Any) -> list[dict[str, Any]]:
    """Let the box's own answers have this verdict; what they say stays, but for the given parts of `evidence`.

    Returns the list that the first hit of each answer is added to.
    """
    firsts: list[dict[str, Any]] = []

    def changed(route: Route) -> None:
        answer = route.fetch().json()
        firsts.append(answer["hits"][0])
        answer["hits"][0]["evidence"].update(evidence)
        route.fulfill(json={**answer, "verdict": verdict, "quality": "ok"})

    page.route("**/v1/search*", changed)
    return firsts


def show(page: Page, photo: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator("#choose").click()
    chooser.value.set_files(photo)
    page.wait_for_selector(".answer")


def outlined(page: Page) -> tuple[float, float, float, float]:
    """The outline as the eye sees it: left, top, right, bottom as shares of the photo that is shown in its square."""
    found: list[float] = page.evaluate(
        """() => {
            const image = document.querySelector(".product-photo img"), place = image.getBoundingClientRect();
            const scale = Math.min(place.width / image.naturalWidth, place.height / image.naturalHeight);
            const width = image.naturalWidth * scale, height = image.naturalHeight * scale;
            const left = place.left + (place.width - width) / 2, top = place.top + (place.height - height) / 2;
            const line = document.querySelector(".outline-line");
            const box = line.getBBox(), to = line.getScreenCTM();
            const a = new DOMPoint(box.x, box.y).matrixTransform(to);
            const b = new DOMPoint(box.x + box.width, box.y + box.height).matrixTransform(to);
            return [(a.x - left) / width, (a.y - top) / height, (b.x - left) / width, (b.y - top) / height];
        }"""
    )
    return found[0], found[1], found[2], found[3]


def test_the_part_that_agrees_is_outlined_on_the_photo(
    detailed_shop: Shop, photo: Path, visit: Open, keep: Keep
) -> None:
    visitor = visit(detailed_shop, None)
    page = visitor.page
    firsts = answers(page, "match")
    show(page, photo)
    (first,) = firsts
    assert first["sku"] == "S3"
    points = first["evidence"]["points"]
    expect(page.locator(".product-info .evidence")).to_have_text(f"{points} details agree")
    expect(page.get_by_role("img", name="Outlined: where your photo and our picture agree")).to_be_visible()
    keep(visitor, "evidence-match")
    x, y, wide, high = first["evidence"]["region"]
    shown = outlined(page)
    assert shown == pytest.approx((x, y, x + wide, y + high), abs=0.005)
    # The picture's own corners; the details that agree lie inside them.
    xs, ys = [x / WIDTH for x, _ in CORNERS], [y / HEIGHT for _, y in CORNERS]
    for at, corner in zip(shown, (min(xs), min(ys), max(xs), max(ys)), strict=True):
        assert abs(at - corner) < INSIDE


def test_of_several_the_ones_whose_details_agree_say_so_and_show_where(
    detailed_shop: Shop, photo: Path, visit: Open, keep: Keep
) -> None:
    visitor = visit(detailed_shop, None)
    page = visitor.page
    answers(page, "maybe", points=1)
    show(page, photo)
    card = page.locator('.is-choice .card[data-sku="S3"]')
    expect(card.locator(".evidence")).to_have_text("1 detail agrees")
    assert page.locator(".is-choice .card").count() > page.locator(".is-choice .card .evidence").count()
    keep(visitor, "evidence-maybe")
    card.click()
    page.wait_for_selector('body[data-screen="product"] .outline')
    page.locator('[data-act="back"]').click()
    page.locator(".is-choice .card:not(:has(.evidence))").first.click()
    page.wait_for_selector('body[data-screen="product"]')
    assert page.locator(".evidence, .product-photo").count() == 0


def test_the_words_change_with_the_language_and_a_photo_without_evidence_has_none(
    detailed_shop: Shop, photo: Path, visit: Open
) -> None:
    page = visit(detailed_shop, None).page
    answers(page, "match", points=1234)
    show(page, photo)
    page.locator("#language").click()
    page.locator('dialog.languages button[lang="de"]').click()
    expect(page.locator(".product-info .evidence")).to_have_text("1.234 Details stimmen überein")
    expect(page.get_by_role("img", name="Umrandet: wo Ihr Foto und unser Bild übereinstimmen")).to_be_visible()
    page.unroute("**/v1/search*")

    def bare(route: Route) -> None:
        answer = route.fetch().json()
        hits = [{**hit, "evidence": None} for hit in answer["hits"]]
        route.fulfill(json={**answer, "hits": hits, "verdict": "match", "quality": "ok"})

    page.route("**/v1/search*", bare)
    page.locator("#home").click()
    show(page, photo)
    expect(page.locator(".product-photo img")).to_be_visible()
    assert page.locator(".evidence, .outline, .has-evidence").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("wanted", ["match", "maybe"])
def test_evidence_fits_every_size_and_axe_finds_nothing_serious(
    detailed_shop: Shop, photo: Path, visit: Open, keep: Keep, size: tuple[int, int], theme: str, wanted: str
) -> None:
    visitor = visit(
        detailed_shop, None, width=size[0], height=size[1], color_scheme=theme, reduced_motion="reduce"
    )  # fmt: skip
    page = visitor.page
    answers(page, wanted)
    show(page, photo)
    page.wait_for_selector(".outline" if wanted == "match" else ".card .evidence")
    keep(visitor, f"evidence-{size[0]}x{size[1]}-{theme}-{wanted}")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    serious = [(one["id"], one["help"]) for one in found if one["impact"] in {"serious", "critical"}]
    assert (sticks_out(page), too_small(page), serious) == ([], [], [])
    if wanted == "match":
        tile, mine = (page.locator(name).bounding_box() for name in (".product-picture", ".product-photo"))
        assert tile is not None
        assert mine is not None
        assert mine["x"] >= tile["x"]
        assert mine["y"] >= tile["y"]
