"""Every error edge-search raises on purpose, under one root.

    EdgeSearchError
    ├── PhotoError                one photo can't be used; a run names it, skips it, goes on
    │   ├── PhotoUnreadable       missing, empty, not a regular file, cut short, damaged
    │   ├── PhotoUnsupported      not an image, or a format without a decoder here
    │   └── PhotoTooLarge         over the byte, pixel or side limit
    ├── CatalogError              a folder, products.csv or manifest can't be followed
    │   └── SourceMissing         it is not there now (an unmounted stick): nothing is deleted
    ├── EncoderError              no feature can be computed
    │   ├── EncoderChanged        the catalog was switched to another encoder meanwhile; asked again, it works
    │   ├── BundleError           a model folder is missing, damaged or not a bundle
    │   └── RuntimeUnavailable    the network can't be executed on this machine
    ├── StoreError                the home can't be used
    │   ├── HomeUnsuitable        no folder, no permission, network or FAT file system
    │   ├── StoreBusy             another process held the writer lock too long
    │   ├── StoreDamaged          SQLite reports damage
    │   ├── SchemaTooNew          written by a newer edge-search
    │   └── NoSpace               the disk is full or below the reserve
    ├── NotFound                  a product, image or model that was named doesn't exist
    ├── InvalidValue              an argument's value can't be used
    └── SettingsError             config.toml or an environment variable can't be used

A message is one line: what, which value, what to do next.
"""

from __future__ import annotations

__all__ = [
    "BundleError",
    "CatalogError",
    "EdgeSearchError",
    "EncoderChanged",
    "EncoderError",
    "HomeUnsuitable",
    "InvalidValue",
    "NoSpace",
    "NotFound",
    "PhotoError",
    "PhotoTooLarge",
    "PhotoUnreadable",
    "PhotoUnsupported",
    "RuntimeUnavailable",
    "SchemaTooNew",
    "SettingsError",
    "SourceMissing",
    "StoreBusy",
    "StoreDamaged",
    "StoreError",
]


class EdgeSearchError(Exception):
    """Root of all errors raised on purpose."""


class PhotoError(EdgeSearchError):
    """One photo can't be used; the others can."""


class PhotoUnreadable(PhotoError):
    """Missing, empty, not a regular file, cut short or damaged."""


class PhotoUnsupported(PhotoError):
    """Not an image, or a format without a decoder here."""


class PhotoTooLarge(PhotoError):
    """Over the byte, pixel or side limit; refused before decoding."""


class CatalogError(EdgeSearchError):
    """A folder, products.csv or manifest can't be followed."""


class SourceMissing(CatalogError):
    """The source is not there now; nothing of it is deleted."""


class EncoderError(EdgeSearchError):
    """No feature can be computed."""


class EncoderChanged(EncoderError):
    """The catalog was switched to another encoder meanwhile; the same again works."""


class BundleError(EncoderError):
    """A model folder is missing, damaged or not a bundle."""


class RuntimeUnavailable(EncoderError):
    """The network can't be executed on this machine."""


class StoreError(EdgeSearchError):
    """The home can't be used."""


class HomeUnsuitable(StoreError):
    """No folder, no permission, or a file system that can't hold the store."""


class StoreBusy(StoreError):
    """Another process held the writer lock too long."""


class StoreDamaged(StoreError):
    """SQLite reports damage."""


class SchemaTooNew(StoreError):
    """The store was written by a newer edge-search."""


class NoSpace(StoreError):
    """The disk is full or below the reserve."""


class NotFound(EdgeSearchError):
    """A product, image or model that was named doesn't exist."""


class InvalidValue(EdgeSearchError):
    """An argument's value can't be used."""


class SettingsError(EdgeSearchError):
    """config.toml or an environment variable can't be used."""
