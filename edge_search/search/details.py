"""Details of the photo searched with: looked for on a thread of their own while the network runs."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread

from PIL import Image

from edge_search.imaging.crop import Box
from edge_search.local.points import Points

__all__ = ["Details", "placed"]


class Details:
    """Begins at once; OpenCV and the runtime both let go of the interpreter, so they share the cores."""

    def __init__(self, image: Image.Image) -> None:
        self._found: Future[Points] = Future()
        image.load()  # from here on both threads only read it
        self._image = image
        Thread(target=self._look, name="details", daemon=True).start()

    def points(self) -> Points:
        """Return what was found, once it is there."""
        return self._found.result()

    def _look(self) -> None:
        try:
            from edge_search.local.extractor import QUERY_POINTS, QUERY_SIDE, extract

            self._found.set_result(extract(self._image, QUERY_SIDE, QUERY_POINTS))
        except BaseException as error:
            self._found.set_exception(error)


def placed(region: Box, crop: Box | None, size: tuple[int, int]) -> Box:
    """Return a region of the cropped part, in shares of it, as shares of the whole photo of ``size`` pixels."""
    if crop is None:
        return region
    width, height = size
    left, top, wide, tall = crop
    if max(crop) > 1:
        left, top, wide, tall = left / width, top / height, wide / width, tall / height
    right, bottom = min(1.0, left + wide), min(1.0, top + tall)
    left, top = max(0.0, left), max(0.0, top)
    x, y, w, h = region
    wide, tall = right - left, bottom - top
    return round(left + x * wide, 4), round(top + y * tall, 4), round(w * wide, 4), round(h * tall, 4)
