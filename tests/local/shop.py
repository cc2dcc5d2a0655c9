"""What the tests of local features share: fitting a box, and publishing what was fitted."""

from __future__ import annotations

from edge_search.appliance.box import Box
from edge_search.ingest.describing import Describing
from edge_search.ingest.local_fitting import LocalFitting
from edge_search.ingest.originals import Originals
from edge_search.store import generations, images
from edge_search.store.generations import Carried

CORNERS = [(150.0, 60.0), (400.0, 150.0), (330.0, 350.0), (90.0, 250.0)]
SKUS = 24


def fitting(box: Box, *, budget: int = 16384) -> LocalFitting:
    encoder, index = box.encoders.current, box.catalog_index
    with box.database.read() as tables:
        projection = index.projection(tables, index.generation(tables))
    originals = Originals(box.database, box._previews(), box._limits())
    describing = Describing(box.database, originals, 2, budget)
    with box.database.read() as tables:
        portraits = images.portrayed(tables)
    first = {sku: key for key, sku, _ in reversed(portraits)}
    held = [key for key, sku, _ in portraits if key != first[sku]]
    return LocalFitting(box.database, encoder.ingest, lambda _: projection, held, describing)


def carry(box: Box, vocabulary_id: int | None) -> None:
    """Publish the current generation with this vocabulary, as a fit of the catalog does."""
    with box.database.exclusive("build"), box.database.write() as tables:
        now = generations.current(tables)
        assert now is not None
        carried = Carried(now.carried.projection_id, now.carried.calibration, vocabulary_id)
        generations.publish(tables, now.fingerprint, carried, now.last_image_id, now.segments)
