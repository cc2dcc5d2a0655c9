"""products.csv as shops really save it."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_search.catalog.sku import clean_sku
from edge_search.catalog.table import Table, read_table
from edge_search.errors import CatalogError, SourceMissing


def table(tmp_path: Path, content: str | bytes) -> Table:
    path = tmp_path / "products.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path)


def values(read: Table) -> dict[str, dict[str, object]]:
    return {row.sku: dict(row.values) for row in read.rows}


def reasons(read: Table) -> dict[str, str]:
    return {problem.path: problem.reason for problem in read.problems}


FULL = (
    "sku,title,category,brand,price,currency,stock,location,url,gtin,variant_group,Organic\n"
    "A1,Milk,Dairy,Arla,1.99,EUR,12,A-3,https://x.example,04006381333931,milk,yes\n"
    "B2,,,,,,,,,,,\n"
)


def test_all_columns(tmp_path: Path) -> None:
    read = table(tmp_path, FULL)
    milk, empty = (dict(row.values) for row in read.rows)
    assert milk == {
        "title": "Milk",
        "category": "Dairy",
        "brand": "Arla",
        "price": 1.99,
        "currency": "EUR",
        "stock": 12,
        "location": "A-3",
        "url": "https://x.example",
        "gtin": "04006381333931",
        "variant_group": "milk",
        "Organic": "yes",
    }
    assert isinstance(milk["stock"], int)
    assert set(empty.values()) == {None}
    assert [row.line for row in read.rows] == [2, 3]
    assert (read.problems, read.images) == ((), {})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_newlines(tmp_path: Path, encoding: str, delimiter: str, newline: str) -> None:
    text = newline.join(["sku|title|note", "A1|Käse – fein, gut; ja|“x”", "", "B2|b|"]) + newline
    rows = [line.split("|") for line in text.split(newline)[:-1]]
    content = newline.join(delimiter.join(f'"{cell}"' if cell else "" for cell in row) for row in rows)
    read = table(tmp_path, content.encode(encoding))
    assert values(read) == {
        "A1": {"title": "Käse – fein, gut; ja", "note": "“x”"},
        "B2": {"title": "b", "note": None},
    }
    assert [row.line for row in read.rows] == [2, 4]
    assert read.problems == ()


def test_the_header_is_matched_generously(tmp_path: Path) -> None:
    read = table(tmp_path, "\n SKU ; Title;PRICE ;Shelf Life;;\nA1;x;1,5;3 days;;\n")
    assert values(read) == {"A1": {"title": "x", "price": 1.5, "Shelf Life": "3 days"}}
    assert read.rows[0].line == 3


def test_excels_separator_line_and_formula_cells(tmp_path: Path) -> None:
    assert values(table(tmp_path, 'sep=;\nsku;gtin;a,b\n="007";="0012";1\n')) == {"007": {"gtin": "0012", "a,b": "1"}}


def test_a_delimiter_in_a_quoted_header(tmp_path: Path) -> None:
    assert values(table(tmp_path, 'sku;"a,b,c,d";title\nA1;1;x\n')) == {"A1": {"a,b,c,d": "1", "title": "x"}}


@pytest.mark.parametrize(
    ("cell", "price"),
    [
        ("1.99", 1.99),
        ("1,99", 1.99),
        ("0", 0.0),
        ("12", 12.0),
        (".5", 0.5),
        ("0,125", 0.125),
        ("1.99 €", 1.99),
        ("€1.99", 1.99),
        ("EUR 1,99", 1.99),
        ("CHF 1'234.50", 1234.5),
        ("1.234,56", 1234.56),
        ("1,234.56", 1234.56),
        ("1 234,56 Kč", 1234.56),
        ("1\u00a0234,56", 1234.56),
        ("1,234,567", 1234567.0),
        ("US$ 5", 5.0),
        ("5,-", 5.0),
        ("5.– CHF", 5.0),
        ("kr. 20", 20.0),
        ("0.30000000000000004", 0.30000000000000004),
    ],
)
def test_prices(tmp_path: Path, cell: str, price: float) -> None:
    read = table(tmp_path, f"sku;price\nA1;{cell}\n")
    assert (values(read), read.problems) == ({"A1": {"price": price}}, ())


@pytest.mark.parametrize(
    "cell", ["-1", "abc", "1e5", "nan", "inf", "1,2,3", "1,234", "12..5", "€", "1.99/kg", "5 for 3", "1_000"]
)
def test_prices_that_are_none(tmp_path: Path, cell: str) -> None:
    read = table(tmp_path, f"sku;price;title\nA1;{cell};x\n")
    assert values(read) == {"A1": {"price": None, "title": "x"}}
    assert repr(cell) in reasons(read)["products.csv:2"]


@pytest.mark.parametrize(("cell", "stock"), [("0", 0), ("12", 12), ("-3", -3), ("12.0", 12), ("1 200", 1200)])
def test_stock(tmp_path: Path, cell: str, stock: int) -> None:
    read = table(tmp_path, f"sku;stock\nA1;{cell}\n")
    assert (values(read), read.problems) == ({"A1": {"stock": stock}}, ())


@pytest.mark.parametrize("cell", ["many", "1.5", "1,000", "1e3", "9" * 20])
def test_stock_that_is_none(tmp_path: Path, cell: str) -> None:
    read = table(tmp_path, f"sku;stock\nA1;{cell}\n")
    assert values(read) == {"A1": {"stock": None}}
    assert "whole number" in reasons(read)["products.csv:2"]


def test_bad_rows_are_named_and_the_others_taken(tmp_path: Path) -> None:
    read = table(
        tmp_path,
        "sku,title,gtin\n"
        "A1,first,4006381333931\n"
        ",no sku,\n"
        "A1,again,\n"
        "4.00638E+12,rounded,\n"
        "B2,rounded gtin,4.00638E+12\n"
        "a/b,slash,\n"
        "C3,too,many,cells\n"
        "D4\n"
        "   ,  ,\n"
        "E5,nul\0,\n"
        "F6,last,\n",
    )
    assert values(read) == {
        "A1": {"title": "first", "gtin": "4006381333931"},
        "B2": {"title": "rounded gtin", "gtin": None},
        "D4": {"title": None, "gtin": None},
        "F6": {"title": "last", "gtin": None},
    }
    found = reasons(read)
    assert list(found) == [f"products.csv:{line}" for line in (3, 4, 5, 6, 7, 8, 11)]
    for line, said in {3: "empty", 4: "line 2", 5: "spreadsheet", 6: "gtin", 7: "'/'", 8: "4 cells", 11: "NUL"}.items():
        assert said in found[f"products.csv:{line}"]


def test_cells_of_several_lines(tmp_path: Path) -> None:
    read = table(tmp_path, 'sku,title\nA1,"two\nlines"\nB2,5" pipe\nC3,"say ""hi"""\nD4,"end\nhere"')
    assert {sku: row["title"] for sku, row in values(read).items()} == {
        "A1": "two\nlines",
        "B2": '5" pipe',
        "C3": 'say "hi"',
        "D4": "end\nhere",
    }
    assert [row.line for row in read.rows] == [2, 4, 5, 6]
    assert read.problems == ()


@pytest.mark.parametrize("rows", [3, 300])
def test_a_quote_that_is_never_closed_costs_its_line_only(tmp_path: Path, rows: int) -> None:
    lines = ["sku,title", 'A1,"oops', *(f"S{at},t" for at in range(rows))]
    read = table(tmp_path, "\n".join(lines) + "\n")
    assert len(read.rows) == rows
    assert list(reasons(read)) == ["products.csv:2"]


def test_a_giant_cell_costs_its_line_only(tmp_path: Path) -> None:
    read = table(tmp_path, f"sku,title\nA1,{'x' * 2_000_000}\nB2,b\n")
    assert (list(values(read)), list(reasons(read))) == (["B2"], ["products.csv:2"])


def test_a_column_named_twice(tmp_path: Path) -> None:
    read = table(tmp_path, "sku,Price,price\nA1,1,2\n")
    assert values(read) == {"A1": {"price": 1.0}}
    assert "twice" in reasons(read)["products.csv:1"]


def test_images(tmp_path: Path) -> None:
    read = table(tmp_path, "sku,images\nA1,a.jpg| b/*.png |\nB2,\n")
    assert read.images == {"A1": ("a.jpg", "b/*.png")}
    assert values(read) == {"A1": {}, "B2": {}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty file"),
        (b"\n\n", "no column 'sku'"),
        (b"title,price\nMilk,1\n", r"no column 'sku' in its header \(title, price\)"),
        (b'"sku,title\nA1,x\n', "no column 'sku'"),
        ("sku,title\n".encode("utf-16-le"), "no column 'sku'"),
        (bytes(4096), "no column 'sku'"),
        (b"PK\x03\x04 rest of an xlsx", "save it as CSV UTF-8"),
        (b"sku" + b"x" * 3_000_000, "no column 'sku'"),
    ],
)
def test_no_table_at_all(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(CatalogError, match=said) as raised:
        table(tmp_path, content)
    assert "\n" not in str(raised.value)
    assert "products.csv" in str(raised.value)


def test_missing_and_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match="no such file"):
        read_table(tmp_path / "products.csv")
    os.mkfifo(tmp_path / "products.csv")
    with pytest.raises(CatalogError, match="FIFO"):
        read_table(tmp_path / "products.csv")


@pytest.mark.parametrize(("text", "sku"), [(" A1 ", "A1"), ("a b", "a b"), ("A\u0308", "Ä"), ("12E5", "12E5")])
def test_clean_sku(text: str, sku: str) -> None:
    assert clean_sku(text) == sku


@pytest.mark.parametrize("text", ["", "  ", "a/b", "a\0", "a\tb", "x" * 129, "..", "1E+10", "\ud800"])
def test_skus_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="the SKU"):
        clean_sku(text)


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc", "Co"]) | st.sampled_from('",;\t\n'), max_size=12).map(
    str.strip
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(CELL, CELL), max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_round_trip(tmp_path: Path, rows: list[tuple[str, str]], delimiter: str, encoding: str) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["sku", "title", "note"])
    writer.writerows((f"S{at}", *row) for at, row in enumerate(rows))
    read = table(tmp_path, buffer.getvalue().encode(encoding))
    assert read.problems == ()
    assert values(read) == {
        f"S{at}": {"title": title or None, "note": note or None} for at, (title, note) in enumerate(rows)
    }


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path: Path, tail: bytes) -> None:
    read = table(tmp_path, b"sku,title,price,stock,gtin,images\nA1,t,1,2,3,\n" + tail)
    assert read.rows[0].sku == "A1"
    assert all("\n" not in problem.path for problem in read.problems)
