"""`/v1/kiosk`: what the page needs to know before it can ask anything else."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from edge_search import __version__
from edge_search.errors import PhotoError
from edge_search.imaging.limits import Limits
from edge_search.imaging.photo import read_photo
from edge_search.web.documents import problems
from edge_search.web.problem import Problem
from edge_search.web.state import Here

__all__ = ["router"]

router = APIRouter(tags=["kiosk"])

_LOGOS = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
}
_LOGO_BYTES = 2 * 2**20
_LOGO_URL = "/v1/kiosk/logo"


class _Staff(BaseModel):
    pin: Annotated[bool, Field(description="whether a PIN opens staff mode")]


class _UploadLimits(BaseModel):
    max_photo_mb: int


class _Kiosk(BaseModel):
    name: str
    logo: str | None
    color: str
    accent: str
    languages: list[str]
    language: str
    idle_seconds: int
    currency: str
    hands_free: bool
    staff: _Staff
    limits: _UploadLimits
    version: str


@router.get("/v1/kiosk")
def kiosk(here: Here) -> _Kiosk:
    """Give the page's settings; to everybody, for whoever is to log in must know the shop and its languages."""
    chosen = here.settings
    return _Kiosk(
        name=chosen.shop_name,
        logo=_LOGO_URL if chosen.shop_logo else None,
        color=chosen.shop_color,
        accent=chosen.shop_accent,
        languages=chosen.kiosk_languages.split(","),
        language=chosen.kiosk_language,
        idle_seconds=chosen.kiosk_idle_seconds,
        currency=chosen.shop_currency,
        hands_free=chosen.kiosk_hands_free,
        staff=_Staff(pin=bool(here.box.pin)),
        limits=_UploadLimits(max_photo_mb=chosen.max_photo_mb),
        version=__version__,
    )


@router.get(_LOGO_URL, response_class=Response, responses=problems(404))
def logo(here: Here) -> Response:
    """Give the shop's logo."""
    path = here.box.home.root / here.settings.shop_logo
    kind = _LOGOS.get(path.suffix.lower())
    if not here.settings.shop_logo or kind is None:
        raise Problem(404, "no logo is set; shop_logo names a PNG, JPEG, WebP or SVG file")
    try:
        data = read_photo(path, Limits(max_bytes=_LOGO_BYTES))
    except PhotoError:
        raise Problem(404, "the file that shop_logo names can't be read, or has more than 2 MB") from None
    # An SVG opened by itself is a page: it may show itself and do nothing.
    policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return Response(
        data, media_type=kind, headers={"Content-Security-Policy": policy, "Cache-Control": "private, max-age=300"}
    )
