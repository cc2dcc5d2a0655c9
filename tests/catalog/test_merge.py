"""Rows from a stick into the box's table: by SKU, and nothing else of it is touched."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_search.catalog.merge import merge
from edge_search.catalog.table import Table, read_table


def table(path: Path, content: str | bytes) -> Table:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path)


def merged(tmp_path: Path, base: str | bytes, arriving: str, name: str = "products.csv", **images: list[str]) -> bytes:
    here, there = table(tmp_path / name, base), table(tmp_path / "stick.csv", arriving)
    result = merge(here, there, images)
    assert result.data is not None
    again = merge(table(tmp_path / name, result.data), there, images)
    assert (again.data, again.changed) == (None, 0), "a second time changes nothing"
    return result.data


def values(path: Path) -> dict[str, dict[str, Any]]:
    return {row.sku: {c: v for c, v in row.values.items() if v is not None} for row in read_table(path).rows}


def test_only_lines_that_change_are_touched(tmp_path: Path) -> None:
    base = (
        "sep=;\r\nSKU ;Preis;price;Title\r\n"
        'A1;;1,99 €;"two\r\nlines"\r\n'
        "\r\n;;;sum of it\r\n"
        "B2;;0,50;b;;\r\n"
        '4.00638E+12;;9;rounded\r\n'
        '"odd;;;\r\n'
        "C3;;3,00;c\r\n"
    )  # fmt: skip
    data = merged(tmp_path, base, "sku,price,title,Shelf\nB2,2.345,,S1\nD4,1234,=x,\nC3,3,,\n").decode("utf-8-sig")
    expected = base.replace("SKU ;Preis;price;Title", "SKU ;Preis;price;Title;Shelf").replace(
        "B2;;0,50;b;;", "B2;;2.3450;b;S1;"
    )
    assert data == f"{expected}D4;;1234.00;'=x\r\n"
    assert values(tmp_path / "products.csv") == {
        "A1": {"price": 1.99, "title": "two\r\nlines"},
        "B2": {"price": 2.345, "title": "b", "Shelf": "S1"},
        "C3": {"price": 3.0, "title": "c"},
        "D4": {"price": 1234.0, "title": "=x"},
    }


def test_empty_and_unreadable_cells_change_nothing(tmp_path: Path) -> None:
    here = table(tmp_path / "products.csv", "sku,price,title\nA1,1,x\n")
    for arriving in ("sku,price,title\nA1,,\n", "sku,price,title\nA1,cheap,x\n", "sku\nA1\n", "sku,price\n"):
        assert merge(here, table(tmp_path / "stick.csv", arriving), {}).data is None


def test_columns_meet_without_regard_to_case(tmp_path: Path) -> None:
    data = merged(tmp_path, "Sku,TITLE,shelf\nA1,x,S1\n", "sku,title,Shelf\nA1,y,S2\n")
    assert data.decode("utf-8-sig") == "Sku,TITLE,shelf\nA1,y,S2\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_any_encoding_becomes_utf_8(tmp_path: Path, encoding: str) -> None:
    data = merged(tmp_path, "sku;title\nA1;Käse\n".encode(encoding), "sku,title\nB2,Öl\n")
    assert data.decode("utf-8-sig") == "sku;title\nA1;Käse\nB2;Öl\n"


def test_photos_that_a_row_names_are_named_by_their_place(tmp_path: Path) -> None:
    data = merged(tmp_path, "sku,title\nA1,x\n", "sku,images\nA1,pics/*.jpg\n", A1=["pics/a.jpg", "pics/b.jpg"])
    assert data.decode("utf-8-sig") == "sku,title,images\nA1,x,pics/a.jpg|pics/b.jpg\n"


def test_a_new_table_lists_what_was_shown_without_one(tmp_path: Path) -> None:
    there = table(tmp_path / "stick.csv", "sku,title\n=A1,x\n0042,Tea\n-7,y\n")
    result = merge(None, there, {}, listed=["0042", "OLD"])
    assert result.changed == 2
    assert result.data is not None
    table(tmp_path / "products.csv", result.data)
    assert values(tmp_path / "products.csv") == {"0042": {"title": "Tea"}, "-7": {"title": "y"}, "OLD": {}}


def test_rows_go_into_json_lines_too(tmp_path: Path) -> None:
    base = '{"sku": "A1", "Price": 1, "attributes": {"Shelf": "S1"}, "x": [1]}\n\nbroken\n{"sku": "B2"}'
    data = merged(tmp_path, base, "sku,price,Shelf\nA1,2.5,S2\nC3,1,\n", "products.jsonl").decode()
    assert data.splitlines() == [
        '{"sku": "A1", "Price": 2.5, "attributes": {"Shelf": "S2"}, "x": [1]}',
        "",
        "broken",
        '{"sku": "B2"}',
        '{"sku": "C3", "price": 1.0}',
    ]


TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Co", "Cc"]) | st.sampled_from("=+-@'\",;\t\n0"), max_size=12
).map(str.strip)
ROW = st.fixed_dictionaries(
    {
        "title": TEXT.filter(lambda text: not text.startswith("#")),
        "Note": TEXT.filter(lambda text: not text.startswith("#")),
        "price": st.none() | st.floats(0, 1e9).map(lambda price: round(price, 4)),
        "stock": st.none() | st.integers(-(10**6), 10**6),
    }
)
ROWS = st.dictionaries(st.sampled_from(["A1", "0042", "-7", "a b", "茶"]), ROW, max_size=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, ROWS, st.sampled_from([",", ";", "\t"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.booleans())
def test_any_values_survive_any_dialect(
    tmp_path: Path, old: dict[str, Any], new: dict[str, Any], delimiter: str, encoding: str, comma: bool
) -> None:
    """Write a base by hand, take rows in, read it: what was said last holds, and the rest as it was."""
    first = merge(None, Table("stick", _rows(old), (), {}), {}).data
    if first is None:
        return
    # The same cells in another dialect, with decimal commas perhaps.
    cells = list(csv.reader(io.StringIO(first.decode("utf-8-sig"), newline="")))
    at = cells[0].index("price") if "price" in cells[0] else -1
    for row in cells[1:]:
        if comma and -1 < at < len(row):
            row[at] = row[at].replace(".", ",")
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows(cells)
    base = table(tmp_path / "products.csv", buffer.getvalue().encode(encoding))
    assert base.problems == ()
    assert values(tmp_path / "products.csv") == _said(old)
    arriving = Table("stick", _rows(new), (), {})
    result = merge(base, arriving, {})
    if result.data is not None:
        base = table(tmp_path / "products.csv", result.data)
    assert base.problems == ()
    expected = _said(old)
    for sku, said in _said(new).items():
        expected[sku] = {**expected.get(sku, {}), **said}
    assert values(tmp_path / "products.csv") == expected
    assert merge(base, arriving, {}).data is None


def _rows(rows: dict[str, Any]) -> tuple[Any, ...]:
    from edge_search.catalog.listing import ProductRow

    return tuple(
        ProductRow(sku, {name: None if value == "" else value for name, value in row.items()}, 2)
        for sku, row in rows.items()
    )


def _said(rows: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {sku: {name: v for name, v in row.items() if v not in (None, "")} for sku, row in rows.items()}
