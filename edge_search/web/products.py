"""`/v1/products`: the product table; `/v1/categories`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, RootModel

from edge_search.web.documents import (
    HitsDocument,
    ProductPage,
    ProductWithImages,
    hit_document,
    image_url,
    problems,
    product_document,
)
from edge_search.web.security import requires
from edge_search.web.small_body import SmallBodyRoute
from edge_search.web.state import Here

__all__ = ["router"]

router = APIRouter(tags=["products"], route_class=SmallBodyRoute)


class _Category(BaseModel):
    name: str
    products: int


class _Categories(BaseModel):
    categories: list[_Category]


class _Values(RootModel[dict[str, str | int | float | None]]):
    """Values by name; null or an empty text clears one. Names that are not columns are attributes."""

    model_config = {"json_schema_extra": {"examples": [{"title": "Oat drink 1 l", "price": 1.89, "organic": "yes"}]}}


@router.get("/v1/products", dependencies=[requires("read")], responses=problems(401, 422))
def list_products(
    here: Here,
    q: Annotated[str, Query(max_length=200, description="words, or their beginnings")] = "",
    gtin: Annotated[str, Query(max_length=32, description="the number under the bar code")] = "",
    category: Annotated[str | None, Query(max_length=200)] = None,
    cursor: Annotated[str, Query(max_length=600)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ProductPage:
    """List products, by SKU; with `q` those that match, best first."""
    page = here.box.products.search(q=q, gtin=gtin, category=category, cursor=cursor, limit=limit)
    documents = [product_document(row, row["image_id"]) for row in page.rows]
    return ProductPage.model_validate({"products": documents, "next": page.next})


@router.get("/v1/categories", dependencies=[requires("read")], responses=problems(401))
def categories(here: Here) -> _Categories:
    """List the categories, those with most products first."""
    counted = here.box.products.categories()
    return _Categories(categories=[_Category(name=name, products=number) for name, number in counted])


@router.get("/v1/products/{sku}", dependencies=[requires("read")], responses=problems(401, 404))
def show(here: Here, sku: str) -> ProductWithImages:
    """Show one product with its photos."""
    return ProductWithImages.model_validate(_shown(here, sku))


@router.get("/v1/products/{sku}/similar", dependencies=[requires("read")], responses=problems(401, 404))
def similar(
    here: Here,
    sku: str,
    k: Annotated[int | None, Query(ge=1, le=100)] = None,
) -> HitsDocument:
    """List the products most like one, by the stored photos; variants of one count as one."""
    hits = here.box.similar(sku, k, variants=True, files=False)
    return HitsDocument.model_validate({"hits": [hit_document(hit.to_dict()) for hit in hits]})


@router.put("/v1/products/{sku}", dependencies=[requires("staff")], responses=problems(401, 403, 422))
def put(here: Here, sku: str, values: _Values) -> ProductWithImages:
    """Set values of a product, making it when it is new; what is set here wins over every source."""
    here.box.products.set(sku, values.root)
    return ProductWithImages.model_validate(_shown(here, sku.strip()))


@router.delete(
    "/v1/products/{sku}", dependencies=[requires("admin")], status_code=204, responses=problems(401, 403, 404)
)
def remove(here: Here, sku: str) -> Response:
    """Hide a product from now on, whichever source lists it."""
    here.box.products.remove(sku)
    return Response(status_code=204)


def _shown(here: Here, sku: str) -> Mapping[str, Any]:
    row = here.box.products.get(sku)
    pictures = [
        {"image_id": image["image_id"], "image": image_url(image["image_id"]), "owner": image["owner"]}
        for image in row["images"]
    ]
    return {**product_document(row, pictures[0]["image_id"] if pictures else None), "images": pictures}
