"""Small bodies: JSON of a few kilobytes; a longer one is refused before it is read to its end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message

__all__ = ["SMALL_BODY_BYTES", "SmallBodyRoute"]

SMALL_BODY_BYTES = 64 * 1024


class SmallBodyRoute(APIRoute):
    """A route whose body FastAPI reads as a whole: so it is counted while it arrives."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler, behind a counter."""
        handler = super().get_route_handler()

        async def counted(request: Request) -> Response:
            seen = 0

            async def receive() -> Message:
                nonlocal seen
                message = await request.receive()
                seen += len(message.get("body", b""))
                if seen > SMALL_BODY_BYTES:
                    # FastAPI lets only its own kind through from here.
                    raise HTTPException(
                        413, f"more than {SMALL_BODY_BYTES // 1024} KB", headers={"Connection": "close"}
                    )
                return message

            return await handler(Request(request.scope, receive))

        return counted
