"""The page at `/`, its files under `/page`, and the description of the API at `/docs`: all from the package."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from edge_search.web.problem import Problem

__all__ = ["add_page"]

_HERE = Path(__file__).parent


def add_page(app: FastAPI) -> None:
    """Serve the kiosk page and the API's description."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def index() -> FileResponse:
        return _file(_HERE / "page" / "index.html")

    @router.get("/docs")
    async def docs() -> FileResponse:
        return _file(_HERE / "docs" / "index.html")

    app.include_router(router)
    for name in ("page", "docs"):
        app.mount(f"/{name}", _Files(directory=_HERE / name, check_dir=False), name=name)


class _Files(StaticFiles):
    """Files that a browser asks about each time (304): an update must not leave half an old page."""

    def file_response(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "no-cache"
        return response


def _file(path: Path) -> FileResponse:
    if not path.is_file():
        raise Problem(404, "this build has no such page")
    return FileResponse(path, headers={"Cache-Control": "no-cache"})
