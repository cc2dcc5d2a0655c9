"""Documents: what the API takes and gives, as its OpenAPI description says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from edge_search.web.problem import ProblemDocument

__all__ = [
    "PHOTOS_BODY",
    "PHOTO_BODY",
    "AnswerDocument",
    "HitDocument",
    "HitsDocument",
    "ProductDocument",
    "ProductPage",
    "ProductWithImages",
    "hit_document",
    "image_url",
    "problems",
    "product_document",
]

_PRODUCT: dict[str, Any] = {
    "sku": "OAT-1L",
    "title": "Oat drink 1 l",
    "category": "Drinks",
    "brand": "Havre",
    "price": 1.89,
    "currency": "EUR",
    "stock": 24,
    "location": "Aisle 3, shelf 2",
    "url": None,
    "gtin": "4006381333931",
    "variant_group": "OAT",
    "attributes": {"organic": "yes"},
}


class VariantDocument(BaseModel):
    """One SKU of a variant group."""

    sku: str
    title: str
    price: float | None
    currency: str | None
    stock: int | None
    location: str | None
    attributes: dict[str, str]
    image_id: int | None
    image: str | None


class ProductDocument(BaseModel):
    """One product."""

    model_config = {"json_schema_extra": {"examples": [{**_PRODUCT, "image_id": 17, "image": "/v1/images/17"}]}}

    sku: str
    title: str
    category: str | None
    brand: str | None
    price: float | None
    currency: str | None
    stock: int | None
    location: str | None
    url: str | None
    gtin: str | None
    variant_group: str | None
    attributes: dict[str, str]
    image_id: int | None = Field(description="the photo that stands for it")
    image: str | None = Field(description="where its preview is")


class EvidenceDocument(BaseModel):
    """Where local features of the photo agree with a picture of the product."""

    image_id: int = Field(description="the picture they agree with")
    points: int = Field(description="how many lie alike")
    region: tuple[float, float, float, float] = Field(description="x, y, width, height, as shares of the photo")


class HitDocument(ProductDocument):
    """One ranked product."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    **_PRODUCT,
                    "rank": 1,
                    "score": 0.87,
                    "similarity": 0.91,
                    "image_id": 17,
                    "image": "/v1/images/17",
                    "variants": [],
                    "evidence": {"image_id": 17, "points": 42, "region": [0.21, 0.18, 0.5, 0.61]},
                }
            ]
        }
    }

    rank: int
    score: float = Field(description="0 to 1, larger is better")
    similarity: float = Field(description="raw cosine, -1 to 1")
    variants: list[VariantDocument] = Field(description="all SKUs of its variant group, when variants=group was asked")
    evidence: EvidenceDocument | None = Field(None, description="null where no details agree, or none are compared")


class HitsDocument(BaseModel):
    """Ranked products."""

    hits: list[HitDocument]


class TimingsDocument(BaseModel):
    """Milliseconds of each stage."""

    decode: float
    encode: float
    search: float
    rerank: float
    total: float


class AnswerDocument(BaseModel):
    """What a photo brought."""

    query_id: str = Field(examples=["b1946ac92492d2347c6235b4d2611184"])
    verdict: Literal["match", "maybe", "none"]
    quality: Literal["ok", "dark", "blurred"] = Field(description="of the photo")
    hits: list[HitDocument]
    timings_ms: TimingsDocument
    encoder: str = Field(examples=["efficientnet-lite2-int8@0123456789abcdef"])
    projection: str
    generation: int
    calibrated: bool


class ProductPage(BaseModel):
    """Some products, and where the next ones begin."""

    products: list[ProductDocument]
    next: str | None = Field(description="give it as cursor; null: that was all")


class ImageDocument(BaseModel):
    """One photo of a product."""

    image_id: int
    image: str
    owner: str | int = Field(description="local, or the number of the source it came from")


class ProductWithImages(ProductDocument):
    """One product with its photos."""

    images: list[ImageDocument]


def image_url(image_id: int | None) -> str | None:
    """Return where a photo's preview is; never a path of the server."""
    return None if image_id is None else f"/v1/images/{image_id}"


def product_document(row: Mapping[str, Any], image_id: int | None) -> dict[str, Any]:
    """Return a product's row as the API gives it."""
    fields = {name: row[name] for name in _PRODUCT}
    return {**fields, "title": row["title"] or row["sku"], "image_id": image_id, "image": image_url(image_id)}


def hit_document(hit: Mapping[str, Any]) -> dict[str, Any]:
    """Return a hit (as a dict) as the API gives it."""
    variants = [{**variant, "image": image_url(variant["image_id"])} for variant in hit["variants"]]
    return {**hit, "image": image_url(hit["image_id"]), "variants": variants}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error answers of a route for its description."""
    return {status: {"model": ProblemDocument, "content": {"application/problem+json": {}}} for status in statuses}


def _photo_body(schema: dict[str, Any]) -> dict[str, Any]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    form = {"schema": {"type": "object", "properties": {"image": schema}, "required": ["image"]}}
    return {
        "requestBody": {
            "required": True,
            "content": {"image/jpeg": binary, "application/octet-stream": binary, "multipart/form-data": form},
        }
    }


PHOTO_BODY = _photo_body({"type": "string", "format": "binary"})
PHOTOS_BODY = _photo_body({"type": "array", "items": {"type": "string", "format": "binary"}, "maxItems": 5})
