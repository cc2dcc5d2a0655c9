"""Every screen, in four sizes and two themes: nothing sticks out, and axe finds nothing serious."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from stage.shop import Shop
from stage.visitor import Visitor

from tests.page.conftest import PIN, Open

Keep = Callable[[Visitor, str], None]
SIZES = [(320, 568), (768, 1024), (1280, 800), (3840, 2160)]


def start(page: Page) -> None:
    page.wait_for_selector(".finder.is-ready")


def answer(page: Page) -> None:
    page.locator("#shutter:enabled").click()
    page.wait_for_selector(".answer")
    page.evaluate(
        """() => Promise.all([...document.images].filter((image) => image.loading !== "lazy")
            .map((image) => image.decode().catch(() => 0)))"""
    )


def product(page: Page) -> None:
    page.locator(".card").first.click()
    page.wait_for_selector('body[data-screen="product"]')


def similar(page: Page) -> None:
    page.locator('[data-act="like"]').click()
    page.wait_for_selector('body[data-screen="similar"] .card')


def languages(page: Page) -> None:
    page.locator("#language").click()
    page.wait_for_selector("dialog.languages")


def typed(page: Page) -> None:
    page.keyboard.press("Escape")
    page.locator("#home").click()
    page.locator("#type").click()
    page.locator("#name").fill("tea")
    page.wait_for_selector(".typed .card")


def signin(page: Page) -> None:
    page.locator("#staff").click()
    page.wait_for_selector(".pad")


def desk(page: Page) -> None:
    page.locator("#secret").fill(PIN)
    page.keyboard.press("Enter")
    page.wait_for_selector('body[data-screen="staff-desk"]')


def teach(page: Page) -> None:
    page.locator('[data-task="teach"]').click()
    page.locator('[data-act="new"]').click()
    page.locator('[data-act="shoot"]:enabled').click()
    page.wait_for_selector(".strip li")


def status(page: Page) -> None:
    page.locator('[data-act="back"]').click()
    page.locator('[data-task="status"]').click()
    page.wait_for_selector(".counts")


SCREENS = [start, answer, product, similar, languages, typed, signin, desk, teach, status]


def sticks_out(page: Page) -> list[str]:
    """Name what makes the page wider than the window; what scrolls inside its own box doesn't."""
    found: list[str] = page.evaluate(
        """() => {
            const wide = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= wide) return [];
            return [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > wide + 1)
                .map((e) => e.tagName + "." + e.className);
        }"""
    )
    return found


def too_small(page: Page) -> list[str]:
    """Name buttons and fields that a finger would miss: under 48 pixels either way."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("button, input:not([type=file]):not([type=checkbox]), summary")]
            .filter((e) => e.checkVisibility() && !e.closest(".unseen"))
            .map((e) => [e, e.getBoundingClientRect()])
            .filter(([e, box]) => box.height < 47.5 || (box.width < 47.5 && !e.matches(".key")))
            .map(([e, box]) => `${e.id || e.className} ${Math.round(box.width)}x${Math.round(box.height)}`)"""
    )
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_screens_fit_and_axe_finds_nothing_serious(
    shop: Shop, visit: Open, keep: Keep, size: tuple[int, int], theme: str
) -> None:
    visitor = visit(shop, width=size[0], height=size[1], color_scheme=theme, reduced_motion="reduce")
    page = visitor.page
    # axe's script comes from its package through the browser's debugger, which the page's policy doesn't concern.
    axe = Axe()
    faults: list[str] = []
    for reach in SCREENS:
        reach(page)
        name = f"{size[0]}x{size[1]}-{theme}-{reach.__name__}"
        keep(visitor, name)
        faults += [f"{name}: {part} sticks out" for part in sticks_out(page)]
        faults += [f"{name}: {part} is too small for a finger" for part in too_small(page)]
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        faults += [
            f"{name}: {one['id']} ({one['impact']}): {one['help']}: {[node['html'][:120] for node in one['nodes']][:3]}"
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]
    assert faults == []


def test_the_picture_of_the_answer_moves_nothing_when_it_arrives(shop: Shop, visit: Open) -> None:
    visitor = visit(shop, path=None)
    visitor.page.add_init_script(
        """
        window.shifts = 0;
        new PerformanceObserver((list) => {
            for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts += one.value;
        }).observe({ type: "layout-shift", buffered: true });
        """
    )
    page = visitor.open()
    start(page)
    answer(page)
    page.wait_for_timeout(600)
    assert page.evaluate("window.shifts") < 0.1
