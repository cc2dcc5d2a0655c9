"""`/metrics`: for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST

from edge_search.web.documents import problems
from edge_search.web.meters import Meters
from edge_search.web.security import requires

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    dependencies=[requires("metrics")],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **problems(401, 403)},
)
def metrics(request: Request) -> Response:
    """Give requests, stage latencies, verdicts, queues, states of index and sources, as Prometheus reads them."""
    meters = request.app.state.meters
    assert isinstance(meters, Meters)
    return Response(meters.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})
