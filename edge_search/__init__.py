"""edge-search: an offline visual product search appliance. A photo in, the product out.

import edge_search

with edge_search.open("/var/lib/edge-search") as box:
    box.index("/srv/catalog")
    answer = box.search("photo.jpg", k=5)
    print(answer.verdict, answer.hits[0].title)
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from edge_search.errors import EdgeSearchError

if TYPE_CHECKING:
    import os

    from edge_search.appliance.box import Box

__all__ = ["EdgeSearchError", "__version__", "open"]

try:
    __version__ = version("edge-search")
except PackageNotFoundError:  # used from a source tree that was never installed
    __version__ = "0+unknown"


def open(home: str | os.PathLike[str] | None = None, **settings: Any) -> Box:  # noqa: A001 - as documented
    """Open the appliance in ``home`` (made when missing; default: ``EDGE_SEARCH_HOME``, else the user's data folder).

    Settings given here win over environment and ``config.toml``. Close it, or use it in a ``with`` block.

    Raises:
        StoreError: the home can't be used.
        SettingsError: a setting has no such name or value.
    """
    # numpy, pydantic and SQLite are loaded here, so that importing the package stays cheap.
    from pathlib import Path

    from edge_search.appliance.box import Box
    from edge_search.config import default_home

    return Box(Path(home) if home is not None else default_home(), **settings)
