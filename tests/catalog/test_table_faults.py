"""Product tables that are half there, half wrong or half meant: good rows are taken, doubtful products left alone."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from edge_search.catalog import text as reading
from edge_search.catalog.doubt import Doubts
from edge_search.catalog.listing import Value
from edge_search.catalog.table import Table, read_table
from edge_search.errors import CatalogError
from edge_search.imaging.photo import read_photo


def table(tmp_path: Path, content: str | bytes) -> Table:
    path = tmp_path / "products.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path)


def values(read: Table) -> dict[str, dict[str, Value]]:
    return {row.sku: dict(row.values) for row in read.rows}


def reasons(read: Table) -> dict[str, str]:
    return {problem.path: problem.reason for problem in read.problems}


def covers(read: Table, sku: str, title: str = "") -> bool:
    return Doubts(read.doubts).cover(sku, {"title": title})


def test_a_value_that_cannot_be_read_is_told_apart_from_an_empty_one(tmp_path: Path) -> None:
    (row,) = table(tmp_path, "sku,price,stock,gtin,title\nA1,cheap,,4.0E+12,#REF!\n").rows
    assert dict(row.values) == {"price": None, "stock": None, "gtin": None, "title": None}
    assert row.unread == {"price", "gtin", "title"}
    assert all("stays as it was" in reason for reason in reasons(table(tmp_path, "sku,price\nA1,x\n")).values())


@pytest.mark.parametrize(
    ("bad", "about"),
    [
        ("A1,too,many,cells", "A1"),
        ('A1,"open', "A1"),
        ("A1,nul\0,1", "A1"),
        (f"A1,{'x' * 2_000_000},1", "A1"),
    ],
)
def test_a_broken_row_is_about_the_sku_before_the_trouble(tmp_path: Path, bad: str, about: str) -> None:
    read = table(tmp_path, f"sku,title,price\nB2,b,1\n{bad}\nC3,c,1\n")
    assert list(values(read)) == ["B2", "C3"]
    assert "until then the product stays as it was" in reasons(read)["products.csv:3"]
    assert covers(read, about)
    assert not covers(read, "Z9")


@pytest.mark.parametrize("bad", ['"A1,open,1', "A\0,x,1", "too,many,cells,here"])
def test_a_broken_row_whose_sku_cannot_be_told_may_be_about_any(tmp_path: Path, bad: str) -> None:
    header = "title,sku,price" if bad.startswith("too") else "sku,title,price"
    read = table(tmp_path, f"{header}\nb,B2,1\n{bad}\nc,C3,1\n")
    assert len(read.rows) == 2
    assert covers(read, "Z9")


@pytest.mark.parametrize(
    ("cell", "sku", "covered"),
    [
        ("4.00638E+12", "4006381333931", True),
        ("4,00638E+12", "4006381333931", True),
        ("4E+12", "4006381333931", True),
        ("4.00638E+12", "4006381", False),
        ("4.00638E+12", "4007381333931", False),
        ("4.00638E+12", "A-4006381333931", False),
    ],
)
def test_a_rounded_sku_is_about_those_that_round_to_it(tmp_path: Path, cell: str, sku: str, covered: bool) -> None:
    read = table(tmp_path, f'sku,title\n"{cell}",x\n')
    assert "format the column as text and enter it again" in reasons(read)["products.csv:2"]
    assert covers(read, sku) == covered


def test_a_row_without_a_sku_is_about_the_product_of_its_title_and_no_other(tmp_path: Path) -> None:
    read = table(tmp_path, "sku,title,price\n,Milk,1\n,,99.50\n")
    assert covers(read, "A1", "milk")
    assert not covers(read, "A1", "Tea")
    assert not covers(read, "A1")
    assert not covers(table(tmp_path, "sku,title\n,\n,sum\n"), "A1", "")


@pytest.mark.parametrize(
    "content",
    [
        'sku,title\nA1,x\nB2,"two\n',
        'sku,title\nA1,x\nB2,"two',
        'sku,title,price\nA1,x,1\nB2,"first line\nsecond',
        "sku,title,price\nA1,x,1\nB2,y",
        "sku,title\nA1,Käse\nB2,caf\u00e9".encode()[:-1],
        b"\xff\xfe" + "sku,title\nA1,x\nB2,yes".encode("utf-16-le")[:-1],
    ],
)
def test_a_file_that_is_cut_short_takes_nothing_away(tmp_path: Path, content: str | bytes) -> None:
    read = table(tmp_path, content)
    assert list(values(read)) == ["A1"]
    assert ["nothing it lacks is deleted" in reason for reason in reasons(read).values()] == [True]
    assert covers(read, "never seen")


@pytest.mark.parametrize(
    "content",
    [
        "sku,title\nA1,x\nB2,y",
        "sku,title,price\nA1,x\nB2,y",
        'sku,title\nA1,x\nB2,"two\nlines"',
        'sku,title\nA1,x\nB2,27" screen',
        "sku,title\nA1,x\nB2,caf\u00e9",
        b"sku,title\nA1,x\nB2,caf\xe9",
        "sku\nA1\nB2",
    ],
)
def test_a_file_without_a_last_line_end_is_whole(tmp_path: Path, content: str | bytes) -> None:
    read = table(tmp_path, content)
    assert (list(values(read)), read.problems, read.doubts) == (["A1", "B2"], (), ())


def test_one_foreign_line_spoils_no_other(tmp_path: Path) -> None:
    read = table(tmp_path, "sku,title\nA1,Käse\n".encode() + b"B2,Caf\xe9\x80\n" + "C3,Öl 茶\n".encode())
    assert [row["title"] for row in values(read).values()] == ["Käse", "Café€", "Öl 茶"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_of_both_orders(tmp_path: Path, encoding: str) -> None:
    mark = b"\xff\xfe" if encoding.endswith("le") else b"\xfe\xff"
    read = table(tmp_path, mark + "sku\ttitle\r\nA1\tKäse 茶 🧀\r\n".encode(encoding))
    assert values(read) == {"A1": {"title": "Käse 茶 🧀"}}


@pytest.mark.parametrize(
    ("cells", "prices"),
    [
        (["1,99", "1.234", "2.345,00"], [1.99, 1234.0, 2345.0]),
        (["1.99", "1,234"], [1.99, 1234.0]),
        (["1,99 €", "1,234"], [1.99, 1.234]),
        (["1,99", "1.99", "1,234"], [1.99, 1.99, None]),
        (["12", "1,234"], [12.0, None]),
    ],
)
def test_prices_are_read_as_the_others_of_their_column(
    tmp_path: Path, cells: list[str], prices: list[float | None]
) -> None:
    read = table(tmp_path, "sku;price\n" + "".join(f"S{at};{cell}\n" for at, cell in enumerate(cells)))
    assert [row["price"] for row in values(read).values()] == prices


def test_thousands_of_pieces_are_read_where_the_decimal_mark_is_known(tmp_path: Path) -> None:
    read = table(tmp_path, "sku;price;stock\nA1;1,99;1.000\nB2;2,50;-2.500\nC3;3,10;1,5\n")
    assert [row["stock"] for row in values(read).values()] == [1000, -2500, None]


@pytest.mark.parametrize("cell", ["#REF!", "#N/A", "#NV", "#BEZUG!", "#DIV/0!", "######"])
def test_errors_of_a_spreadsheet_are_no_values_and_no_skus(tmp_path: Path, cell: str) -> None:
    read = table(tmp_path, f"sku,title\n{cell},x\nB2,{cell}\n")
    assert values(read) == {"B2": {"title": None}}
    assert [cell in reason for reason in reasons(read).values()] == [True, True]


@pytest.mark.parametrize("cell", ["#1 tea", "#tag", "No. 5!"])
def test_what_only_looks_a_little_like_one_is_text(tmp_path: Path, cell: str) -> None:
    assert values(table(tmp_path, f"sku,title\nA1,{cell}\n")) == {"A1": {"title": cell}}


def test_formulas_are_inert_text_and_no_sku(tmp_path: Path) -> None:
    evil = '=HYPERLINK("http://x.example";"y")'
    quoted = evil.replace('"', '""')
    read = table(tmp_path, f"sku,title,brand,price\nA1,\"{quoted}\",+49 30,=1+1\nB2,'=x,'007,1\n=cmd(),t,,\n")
    assert values(read) == {
        "A1": {"title": evil, "brand": "+49 30", "price": None},
        "B2": {"title": "=x", "brand": "007", "price": 1.0},
    }
    assert list(reasons(read)) == ["products.csv:2", "products.csv:4"]


def test_what_is_too_long_is_named(tmp_path: Path) -> None:
    wide = ",".join(f"c{number}" for number in range(300))
    read = table(tmp_path, f"sku,title,{'n' * 65},{wide}\n{'S' * 129},x\nA1,{'t' * 4097}\nB2,{'t' * 4096}\n")
    assert [row.sku for row in read.rows] == ["A1", "B2"]
    assert read.rows[0].unread == {"title"}
    found = [problem.reason for problem in read.problems]
    words = ("no name of one line", "over 200", "129", "4,097")
    assert [sum(word in reason for reason in found) for word in words] == [1, 1, 1, 1]
    assert len(read.rows[1].values) == 199


def test_skus_that_differ_by_case_are_two_with_a_warning(tmp_path: Path) -> None:
    read = table(tmp_path, "sku,title\nab,x\nAB,y\n")
    assert [row.sku for row in read.rows] == ["ab", "AB"]
    assert [(w.path, "ab in line 2 by case" in w.reason) for w in read.warnings] == [("products.csv:3", True)]


def test_a_table_that_is_written_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "REST_S", 0.15)
    path = tmp_path / "products.csv"
    path.write_text("sku,title\n", encoding="utf-8")

    def write() -> None:
        for number in range(12):
            time.sleep(0.04)
            with path.open("a", encoding="utf-8") as file:
                file.write(f"S{number},t\n")

    writer = threading.Thread(target=write)
    writer.start()
    read = read_table(path)
    assert not writer.is_alive()
    assert len(read.rows) == 12


def test_a_table_that_never_rests_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "products.csv"
    path.write_text("sku\nA1\n", encoding="utf-8")
    real = read_photo

    def replaced(*arguments: object, **more: object) -> bytes:
        data = real(*arguments, **more)  # type: ignore[arg-type]
        (tmp_path / "new").write_bytes(data)
        os.replace(tmp_path / "new", path)
        return data

    monkeypatch.setattr(reading, "read_photo", replaced)
    with pytest.raises(CatalogError, match="is being written all the time"):
        read_table(path)


def test_an_old_table_is_read_without_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "products.csv"
    path.write_text("sku\nA1\n", encoding="utf-8")
    monkeypatch.setattr(reading, "REST_S", 3600)

    def never(_: float) -> None:
        raise AssertionError("slept")

    monkeypatch.setattr(time, "sleep", never)
    for stamp in (1, time.time() + 10**8):  # years ago, and in the future: no clock is believed
        os.utime(path, (stamp, stamp))
        assert len(read_table(path).rows) == 1
