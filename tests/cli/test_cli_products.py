"""`products`, `status`, `config`, `compact` as a user runs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.ran import Run

Photo = Callable[..., Path]


@pytest.fixture
def catalog(run: Run, tmp_path: Path, photo: Photo) -> Path:
    root = tmp_path / "catalog"
    for number in range(3):
        photo(root / f"SKU-{number}" / "front.jpg", number)
    (root / "products.csv").write_text(
        "sku,title,price,organic\nSKU-0,Zero,1.00,yes\nSKU-1,One,2.00,no\nSKU-2,Two,3.00,\n", encoding="utf-8"
    )
    assert run("index", root).code == 0
    return root


def test_what_is_set_survives_the_folder_and_reset_gives_the_folders_value_back(run: Run, catalog: Path) -> None:
    assert run("products", "set", "SKU-1", "price=1,49", "title=On offer", "organic=yes").code == 0
    run("index", catalog)
    row = run("products", "show", "SKU-1", "--json").json
    assert (row["price"], row["title"], row["attributes"]) == (1.49, "On offer", {"organic": "yes"})
    assert set(row["local"]) == {"price", "title", "organic"}
    run("products", "reset", "SKU-1")
    row = run("products", "show", "SKU-1", "--json").json
    assert (row["price"], row["title"], row["attributes"]) == (2.0, "One", {"organic": "no"})


def test_a_removed_product_stays_away_until_it_is_reset(run: Run, catalog: Path) -> None:
    assert run("products", "remove", "SKU-2").code == 0
    run("index", catalog)
    assert [row["sku"] for row in run("products", "list", "--json").json["products"]] == ["SKU-0", "SKU-1"]
    gone = run("products", "show", "SKU-2")
    assert gone.code == 1
    assert "products reset SKU-2" in gone.err
    run("products", "reset", "SKU-2")
    assert run("products", "list", "--json").json["total"] == 3


def test_an_empty_value_clears_what_the_folder_says(run: Run, catalog: Path) -> None:
    run("products", "set", "SKU-1", "price=")
    assert run("products", "show", "SKU-1", "--json").json["price"] is None


def test_import_sets_rows_and_names_bad_lines(run: Run, catalog: Path, tmp_path: Path) -> None:
    table = tmp_path / "prices.csv"
    table.write_text("sku;price\nSKU-0;9,99\n4.00638E+12;1\nSKU-1;cheap\n", encoding="utf-8")
    done = run("products", "import", table, "--json").json
    assert done["imported"] == 2
    assert {bad["path"] for bad in done["skipped"]} == {"prices.csv:3", "prices.csv:4"}
    assert run("products", "show", "SKU-0", "--json").json["price"] == 9.99
    assert run("products", "show", "SKU-1", "--json").json["price"] == 2.0


@pytest.mark.parametrize("value", ["price=cheap", "stock=many", "price=-1", "sku=other", "=1", "price"])
def test_a_value_that_cannot_be_read_is_a_usage_error_and_changes_nothing(run: Run, catalog: Path, value: str) -> None:
    before = run("products", "show", "SKU-1", "--json").json
    assert run("products", "set", "SKU-1", value).code == 2
    assert run("products", "show", "SKU-1", "--json").json == before


def test_status_has_the_contracts_fields(run: Run, catalog: Path) -> None:
    (catalog / "SKU-1" / "bad.jpg").write_text("x")
    run("index", catalog)
    status = run("status", "--json").json
    assert set(status) >= {
        "version", "products", "images", "generation", "tail", "masked", "encoder", "projection", "catalog_digest",
        "sources", "backlog", "skipped", "free_bytes",
    }  # fmt: skip
    assert (status["products"], status["images"], status["generation"]) == (3, 3, 1)
    assert set(status["sources"][0]) >= {"path", "state", "last_scan"}
    assert status["skipped"][0]["path"] == "SKU-1/bad.jpg"
    assert run("status", "--check").code == 0


def test_the_digest_follows_what_shoppers_find_and_nothing_else(run: Run, catalog: Path) -> None:
    def digest() -> str:
        return str(run("status", "--json").json["catalog_digest"])

    first = digest()
    run("compact")
    (catalog / "SKU-1" / "front.jpg").rename(catalog / "SKU-1" / "other.jpg")
    run("index", catalog)
    assert digest() == first
    run("products", "set", "SKU-1", "price=5")
    assert digest() != first


def test_compact_publishes_the_next_generation(run: Run, catalog: Path) -> None:
    assert run("compact", "--json").json == {"generation": 2}
    assert run("status", "--json").json["generation"] == 2


def test_config_show_says_where_each_value_came_from(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    (home / "config.toml").write_text('hits = 7\nruntime = "onnxruntime"\n', encoding="utf-8")
    monkeypatch.setenv("EDGE_SEARCH_HOLD_PRODUCTS", "3")
    shown = run("--runtime", "openvino", "config", "show", "--json").json
    assert shown["hits"] == {"value": 7, "origin": "file"}
    assert shown["hold_products"] == {"value": 3, "origin": "environment"}
    assert shown["runtime"] == {"value": "openvino", "origin": "argument"}
    assert shown["previews"] == {"value": True, "origin": "default"}


@pytest.mark.parametrize(
    ("text", "named"),
    [("hits = 0", "hits"), ("hitz = 3", "hitz"), ("runtime = 'cuda'", "runtime"), ("hits = ", "config.toml")],
)
def test_config_check_names_the_bad_setting_in_one_line(run: Run, home: Path, text: str, named: str) -> None:
    home.mkdir()
    (home / "config.toml").write_text(text, encoding="utf-8")
    checked = run("config", "check")
    assert checked.code == 1
    assert named in checked.err
    assert "config.toml" in checked.err
    assert checked.err.count("\n") == 1


def test_removed_and_reset_is_as_it_was_with_what_was_set_here(run: Run, catalog: Path) -> None:
    run("products", "set", "SKU-1", "price=5")
    run("products", "remove", "SKU-1")
    back = run("products", "reset", "SKU-1")
    assert "what was set here (price)" in back.err
    assert run("products", "show", "SKU-1", "--json").json["price"] == 5.0
    assert run("products", "reset", "SKU-1").err == ""
    assert run("products", "show", "SKU-1", "--json").json["price"] == 2.0


def test_a_product_that_is_only_here_survives_remove_and_reset(run: Run, catalog: Path) -> None:
    run("products", "set", "NEW", "title=New")
    run("products", "remove", "NEW")
    assert run("products", "reset", "NEW").code == 0
    assert run("products", "show", "NEW", "--json").json["title"] == "New"


def test_the_inbox_names_what_waits_and_why(run: Run, catalog: Path, photo: Photo) -> None:
    assert run("products", "inbox").out == "the inbox is empty\n"
    photo(catalog / "0042" / "1.jpg", 42)
    photo(catalog / "OTHER" / "1.jpg", 43)
    photo(catalog / "OTHER" / "2.jpg", 44)
    with (catalog / "products.csv").open("a", encoding="utf-8") as table:
        table.write("42,Forty-two,1,\n")
    indexed = run("index", catalog)
    assert "3 photos wait in the inbox" in indexed.out
    assert "write 0042" in indexed.out
    assert "write 0042" in run("status").out.replace("\n", " ")
    items = run("products", "inbox", "--json").json["items"]
    assert [(item["sku"], len(item["image_ids"])) for item in items] == [("0042", 1), ("OTHER", 2)]
    assert "one lists 42" in items[0]["reason"]
    shown = run("products", "inbox").out
    assert "3 photos of 2 SKUs" in shown
    run("products", "set", "OTHER", "title=Other")
    assert [item["sku"] for item in run("products", "inbox", "--json").json["items"]] == ["0042"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hits = 0", "hits = 0: must be at least 1"),
        ("hits = 'many'", "hits = 'many': must be a whole number"),
        ("hits = 1.5", "hits = 1.5: must be a whole number"),
        ("hold_share = 2", "hold_share = 2: must be at most 1"),
        ("log_days = 0", "log_days = 0: must be above 0"),
        ("log_days = 'x'", "must be a number"),
        ("previews = 7", "previews = 7: must be true or false"),
        ("runtime = 'cuda'", "runtime = 'cuda': must be one of 'auto', 'openvino' or 'onnxruntime'"),
        ("model = 3", "must be a text in quotation marks"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_in_plain_words(run: Run, home: Path, text: str, said: str) -> None:
    home.mkdir()
    (home / "config.toml").write_text(text, encoding="utf-8")
    checked = run("config", "check")
    assert checked.code == 1
    assert said in checked.err
    assert "input should" not in checked.err


@pytest.mark.parametrize(
    ("name", "said"),
    [("EDGE_SEARCH_HITZ", "do you mean EDGE_SEARCH_HITS?"), ("EDGE_SEARCH_QQQQQQQQ", "see 'edge-search config show'")],
)
def test_a_variable_that_is_no_setting_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.setenv(name, "3")
    for arguments in (["config", "check"], ["status"]):
        ran = run(*arguments)
        assert (ran.code, ran.err.count("\n")) == (1, 1)
        assert f"{name}: no such setting; {said}" in ran.err
