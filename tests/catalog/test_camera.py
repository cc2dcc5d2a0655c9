"""Which folder on a stick is the catalog, and which photos are only a camera's."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_search.catalog.camera import catalog_root, is_camera_path


@pytest.mark.parametrize(
    "path",
    [
        "DCIM/100CANON/IMG_0001.JPG",
        "dcim/Camera/20240102_101112.jpg",
        "IMG_1234.jpg",
        "IMG-20240102-WA0003.jpg",
        "DSC01234.JPG",
        "_DSC1234.JPG",
        "DSCN0001.JPG",
        "P1010101.JPG",
        "PXL_20240102_101112345.jpg",
        "20240102_101112.jpg",
        "Screenshot 2024.png",
        "WhatsApp Image 2024-01-02.jpeg",
        "Pictures/a.jpg",
    ],
)
def test_a_cameras(path: str) -> None:
    assert is_camera_path(path.encode())


@pytest.mark.parametrize(
    "path",
    [
        "A1/IMG_1234.jpg",
        "A1.jpg",
        "P100.jpg",
        "DSC.jpg",
        "4006381333931.jpg",
        "IMG/1.jpg",
        "20240102.jpg",
        "A1__IMG_1.jpg",
    ],
)
def test_a_products(path: str) -> None:
    assert not is_camera_path(path.encode())


def made(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("sku\n", encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("names", "root"),
    [
        (["A1/a.jpg", "B2/a.jpg"], "."),
        (["products.csv", "photos/products.csv"], "."),
        (["goods/products.csv", "goods/A1/a.jpg", "DCIM/100/x.jpg"], "goods"),
        (["goods/products.jsonl"], "goods"),
        (["Catalog/A1/a.jpg", "System Volume Information/x"], "Catalog"),
        (["catalog/A1/a.jpg", "B2/a.jpg"], "."),  # perhaps a SKU of that name
        (["catalog/A1/a.jpg", "B2.jpg"], "."),
        (["a/products.csv", "b/products.csv"], "."),
        ([], "."),
    ],
)
def test_the_catalog_on_a_stick(tmp_path: Path, names: list[str], root: str) -> None:
    assert catalog_root(made(tmp_path, *names)) == tmp_path / root
