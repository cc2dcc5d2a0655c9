"""The page's files: the languages say the same, nothing comes from outside, and no text becomes markup."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from edge_search.config import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "edge_search" / "web" / "page"
SCRIPTS = sorted(PAGE.rglob("*.js"))
LANGUAGES = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((PAGE / "language").glob("*.json"))
}
# Words that two languages share: each pair was read and is right.
SAME = {
    "de": {
        "answer.photo",
        "field.sku",
        "staff.signin.pin",
        "staff.step.photos",
        "staff.status.version",
        "staff.status.encoder",
        "staff.status.generation",
        "staff.photos.one",
    },
    "es": {"field.sku", "staff.signin.pin"},
    "fr": {
        "field.sku",
        "staff.step.photos",
        "staff.photos.one",
        "staff.status.version",
        "staff.status.images",
        "staff.status.projection",
        "staff.sources.images.one",
        "staff.sources.images.other",
    },
    "zh": {"field.sku"},
}


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", text))


def test_every_language_that_can_be_set_has_its_file() -> None:
    assert set(LANGUAGES) == {"en", "es", "de", "fr", "zh"}
    assert set(str(Settings.model_fields["kiosk_languages"].default).split(",")) == set(LANGUAGES)


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_languages_have_the_same_keys_and_placeholders(code: str) -> None:
    english = LANGUAGES["en"]
    assert list(LANGUAGES[code]) == list(english)
    for key, text in LANGUAGES[code].items():
        assert text.strip() == text != "", key
        assert placeholders(text) == placeholders(english[key]), key


@pytest.mark.parametrize("code", sorted(set(LANGUAGES) - {"en"}))
def test_nothing_is_left_in_english(code: str) -> None:
    same = {
        key for key, text in LANGUAGES[code].items() if text == LANGUAGES["en"][key] and re.search("[a-z]", text, re.I)
    }
    assert same - SAME[code] == set()
    if code == "zh":
        latin = {k for k, t in LANGUAGES["zh"].items() if not re.search(r"[\u4e00-\u9fff]", re.sub(r"\{\w+\}", "", t))}
        assert latin <= {"field.sku", "staff.photos.count"}


def used_keys() -> set[str]:
    source = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    return set(re.findall(r'"((?:[a-z]+)\.[a-z_0-9.]+)"', source)) - {"icon.svg"}


def test_every_word_that_is_asked_for_exists_and_every_word_is_asked_for() -> None:
    english = LANGUAGES["en"]
    bases = {re.sub(r"\.(one|other)$", "", key) for key in english}
    rooms = {key.split(".")[0] for key in english}
    asked = {key for key in used_keys() if key.split(".")[0] in rooms}
    assert {key for key in asked if key not in english and key not in bases} == set()
    source = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    # Keys that are put together: `staff.${name}.title` and the like.
    stems = [re.sub(r"\$\{.*?\}", "*", key) for key in re.findall(r"`([a-z_.]*\$\{[^`]*)`", source)]
    patterns = [re.compile(re.escape(stem).replace(r"\*", "[a-z_0-9]+")) for stem in stems if "." in stem]
    unused = {base for base in bases - asked if not any(pattern.fullmatch(base) for pattern in patterns)}
    assert unused == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(PAGE)))
def test_no_script_reads_text_as_markup_or_code(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|\.cssText"
        r"|localStorage|sessionStorage|indexedDB|document\.cookie"
    )
    assert re.findall(forbidden, source) == []
    assert 'setAttribute("style"' not in source
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)[\w.]+", source) == []
    assert len(source.splitlines()) <= 170


@pytest.mark.parametrize("path", sorted(PAGE.rglob("*.css")), ids=lambda path: path.name)
def test_no_style_fetches_anything(path: Path) -> None:
    assert re.findall(r"url\(|@import|@font-face", path.read_text(encoding="utf-8")) == []


class Markup(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in {"script", "style"} and data.strip():
            self.inline.append(data)


def test_the_page_holds_under_a_strict_policy() -> None:
    page = Markup()
    page.feed((PAGE / "index.html").read_text(encoding="utf-8"))
    assert page.inline == []
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        for name in ("src", "href"):
            address = attributes.get(name)
            if address is not None:
                assert address.startswith("/page/")
                assert (PAGE / address.removeprefix("/page/")).is_file(), address


def test_every_import_is_a_file() -> None:
    for path in SCRIPTS:
        for name in re.findall(r'from "(\.[^"]+)"', path.read_text(encoding="utf-8")):
            assert (path.parent / name).resolve().is_file(), f"{path.name}: {name}"


def test_the_wheel_brings_the_page() -> None:
    assert '\npackages = ["edge_search"]\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    # What git ignores, the wheel leaves out as well.
    paths = [str(path.relative_to(ROOT)) for path in PAGE.rglob("*") if path.is_file()]
    ignored = subprocess.run(["git", "check-ignore", *paths], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ignored.stdout == ""


def test_the_server_module_is_not_hidden_by_the_folder_of_the_same_name() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import edge_search.web.page as page; print(page.add_page.__name__)"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "add_page"
