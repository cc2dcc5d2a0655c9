"""Numbers that a spreadsheet took the leading zeros from."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_search.catalog.table import read_table
from edge_search.catalog.zeros import lost_in_column


@pytest.mark.parametrize(
    ("cells", "lines"),
    [
        (["0012345678905", "4006381333931", "12345678905"], [3]),  # siblings of 13 digits, one with a zero before
        (["0400638133393", "400638133393"], [2]),
        (["01234565", "1234565"], [2]),
        (["4006381333931", "5901234123457", "12345678905"], [3]),  # 11 digits, right check digit: no GTIN
        (["4006381333931", "5901234123457", "12345678904"], []),  # wrong check digit: a number of its own
        (["40063812", "40063829", "1234565"], [3]),
        (["4006381333931", "036000291452"], []),
        (["036000291452", "36000291452"], [2]),
        (["4006381333931", "590123412345"], []),  # 12 digits are a GTIN of their own
        (["0123", "0456", "789"], [3]),
        (["123", "456", "78"], []),
        (["0123", "A78", "x"], []),
        (["0123456789", "12"], []),  # too much shorter
        (["12345678905"], []),
        ([], []),
    ],
)
def test_only_likely_ones_are_named(cells: list[str], lines: list[int]) -> None:
    assert [line for line, _ in lost_in_column("sku", dict(enumerate(cells, start=1)))] == lines


def test_a_whole_column_of_them_is_not_a_page_of_lines() -> None:
    cells = {line: str(1000 + line) for line in range(2, 500)}
    found = lost_in_column("gtin", {1: "00123", **cells})
    assert len(found) == 21
    assert "478 more" in found[-1][1]


def test_the_line_says_what_it_may_have_been(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text("sku,gtin\nA,0012345678905\nB,12345678905\n0001,\n2,\n", encoding="utf-8")
    found = {warning.path: warning.reason for warning in read_table(path).warnings}
    assert list(found) == ["products.csv:3", "products.csv:5"]
    assert "gtin 12345678905" in found["products.csv:3"]
    assert "0012345678905" in found["products.csv:3"]
    assert "sku 2" in found["products.csv:5"]
    assert read_table(path).problems == ()
