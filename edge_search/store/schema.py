"""The tables, as numbered migrations: a store knows its number (``user_version``) and is brought to the newest.

A migration is never edited once released; a change is a new function at the end of the list.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database as Tables

from edge_search.errors import SchemaTooNew
from edge_search.store import words

__all__ = ["APPLICATION_ID", "MIGRATIONS", "migrate", "schema_version"]

APPLICATION_ID = 0x45445345  # "EDSE": tells `file` and us that this is our database


def _first_tables(tables: Tables) -> None:
    for statement in (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        # Owner 0 is `local`; AUTOINCREMENT starts at 1, so no source is ever 0 and no number comes back.
        """CREATE TABLE sources (
            source_id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, path BLOB NOT NULL UNIQUE,
            has_table INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'new', last_scan TEXT)""",
        """CREATE TABLE product_values (
            sku TEXT NOT NULL, owner INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (sku, owner)) WITHOUT ROWID""",
        """CREATE TABLE tombstones (
            sku TEXT NOT NULL, content_hash TEXT NOT NULL DEFAULT '', at TEXT NOT NULL,
            PRIMARY KEY (sku, content_hash)) WITHOUT ROWID""",
        # What shoppers may see: merged from product_values, without the tombstoned.
        """CREATE TABLE products (
            sku TEXT PRIMARY KEY, title TEXT, category TEXT COLLATE NOCASE, brand TEXT COLLATE NOCASE, price REAL,
            currency TEXT, stock INTEGER, location TEXT, url TEXT, gtin TEXT, variant_group TEXT,
            attributes TEXT NOT NULL DEFAULT '{}') WITHOUT ROWID""",
        "CREATE INDEX products_category ON products (category)",
        "CREATE INDEX products_price ON products (price)",
        "CREATE INDEX products_gtin ON products (gtin)",
        # AUTOINCREMENT: a key that a mapped index may still hold must never name another photo.
        """CREATE TABLE images (
            image_id INTEGER PRIMARY KEY AUTOINCREMENT, sku TEXT NOT NULL, owner INTEGER NOT NULL, path BLOB NOT NULL,
            content_hash TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL,
            width INTEGER NOT NULL, height INTEGER NOT NULL, added_at TEXT NOT NULL, UNIQUE (owner, path, sku))""",
        "CREATE INDEX images_sku ON images (sku)",
        "CREATE INDEX images_hash ON images (content_hash)",
        """CREATE TABLE features (
            content_hash TEXT NOT NULL, fingerprint TEXT NOT NULL, feature BLOB NOT NULL, crc32 INTEGER NOT NULL,
            PRIMARY KEY (content_hash, fingerprint))""",
        """CREATE TABLE skipped (
            owner INTEGER NOT NULL, path BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
            inode INTEGER NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (owner, path)) WITHOUT ROWID""",
        """CREATE TABLE changes (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, owner INTEGER NOT NULL,
            sku TEXT, image_id INTEGER, data TEXT)""",
        """CREATE TABLE projections (
            projection_id INTEGER PRIMARY KEY AUTOINCREMENT, fingerprint TEXT NOT NULL, kind TEXT NOT NULL,
            dimension INTEGER NOT NULL, data BLOB NOT NULL, created_at TEXT NOT NULL)""",
        """CREATE TABLE generations (
            generation_id INTEGER PRIMARY KEY AUTOINCREMENT, fingerprint TEXT NOT NULL,
            projection_id INTEGER NOT NULL REFERENCES projections, last_image_id INTEGER NOT NULL,
            calibration TEXT, published_at TEXT NOT NULL)""",
        """CREATE TABLE segments (
            segment_id INTEGER PRIMARY KEY AUTOINCREMENT, generation_id INTEGER NOT NULL REFERENCES generations,
            name TEXT NOT NULL, count INTEGER NOT NULL, first_key INTEGER NOT NULL, last_key INTEGER NOT NULL,
            files TEXT NOT NULL)""",
    ):
        tables.execute(statement)
    tables.execute("INSERT INTO meta (key, value) VALUES ('epoch', hex(randomblob(8)))")
    tables.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _whole_change_log(tables: Tables) -> None:
    # Entries up to here name what changed without saying to what: nobody could follow them. The log begins anew.
    if tables.execute("SELECT 1 FROM changes LIMIT 1").fetchone():
        tables.execute("DELETE FROM changes")
        tables.execute("INSERT INTO changes (at, kind, owner) VALUES (strftime('%Y-%m-%dT%H:%M:%S+00:00'), 'began', 0)")
    # What a source says that is probably not what was meant, such as lost leading zeros.
    tables.execute(
        """CREATE TABLE warnings (
            owner INTEGER NOT NULL, path BLOB NOT NULL, reason TEXT NOT NULL,
            PRIMARY KEY (owner, path)) WITHOUT ROWID"""
    )


def _followed_sources(tables: Tables) -> None:
    for column in (
        "since TEXT",  # when the state became what it is
        "detail TEXT",  # why it is so
        "held TEXT",  # the deletion that waits for a yes, as JSON
        "confirmed TEXT",  # the deletion that was said yes to, as JSON
        "rules TEXT NOT NULL DEFAULT '{}'",
        "marker TEXT",  # what the file in its root says; empty: that could not be written
    ):
        tables.execute(f"ALTER TABLE sources ADD COLUMN {column}")


def _serving(tables: Tables) -> None:
    """Add what answering over HTTP needs: tokens, sessions, the journal, feedback, checks, and words to search by."""
    for statement in (
        """CREATE TABLE tokens (
            token_id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, role TEXT NOT NULL, hash BLOB NOT NULL,
            created_at TEXT NOT NULL, last_used TEXT, revoked_at TEXT)""",
        """CREATE TABLE sessions (
            hash BLOB PRIMARY KEY, role TEXT NOT NULL, token_id INTEGER, expires_at REAL NOT NULL) WITHOUT ROWID""",
        """CREATE TABLE queries (
            query_id TEXT PRIMARY KEY, at TEXT NOT NULL, verdict TEXT NOT NULL, quality TEXT NOT NULL,
            hits TEXT NOT NULL, encoder TEXT NOT NULL, generation INTEGER NOT NULL, timings TEXT NOT NULL)""",
        "CREATE INDEX queries_at ON queries (at)",
        """CREATE TABLE feedback (
            query_id TEXT NOT NULL, role TEXT NOT NULL, sku TEXT, photo TEXT, at TEXT NOT NULL,
            PRIMARY KEY (query_id, role))""",
        "CREATE INDEX feedback_at ON feedback (at)",
        """CREATE TABLE checks (
            check_id INTEGER PRIMARY KEY AUTOINCREMENT, sku TEXT NOT NULL, content_hash TEXT NOT NULL UNIQUE,
            path TEXT NOT NULL, at TEXT NOT NULL)""",
        "CREATE INDEX products_variant_group ON products (variant_group) WHERE variant_group IS NOT NULL",
        # Rows of a WITHOUT ROWID table have no number that a full-text index could go by.
        """CREATE TABLE product_words (
            word_id INTEGER PRIMARY KEY AUTOINCREMENT, sku TEXT NOT NULL UNIQUE, code TEXT)""",
        "CREATE INDEX product_words_code ON product_words (code) WHERE code IS NOT NULL",
        """CREATE VIRTUAL TABLE product_text USING fts5 (
            title, sku, brand, category, gtin, attributes, tokenize="unicode61 remove_diacritics 2", prefix='2 3')""",
        "CREATE VIRTUAL TABLE product_grams USING fts5 (words, tokenize='trigram')",
    ):
        tables.execute(statement)
    words.fill(tables)


def _fitting(tables: Tables) -> None:
    """Add what fitting to the catalog needs: features of simulated photos, and the words a generation carries."""
    tables.execute(
        """CREATE TABLE simulations (
            content_hash TEXT NOT NULL, fingerprint TEXT NOT NULL, number INTEGER NOT NULL, cut_out INTEGER NOT NULL,
            feature BLOB NOT NULL, crc32 INTEGER NOT NULL, PRIMARY KEY (content_hash, fingerprint, number))"""
    )
    tables.execute("ALTER TABLE generations ADD COLUMN vocabulary_id INTEGER")


def _local_features(tables: Tables) -> None:
    """Add details of photos, the words of a catalog, and the files that say which photo has which word."""
    for statement in (
        """CREATE TABLE local_features (
            content_hash TEXT NOT NULL, extractor TEXT NOT NULL, points BLOB NOT NULL, crc32 INTEGER NOT NULL,
            PRIMARY KEY (content_hash, extractor))""",
        # `words` is the number of the row whose words these are: its own, or those it goes on with.
        """CREATE TABLE vocabularies (
            vocabulary_id INTEGER PRIMARY KEY AUTOINCREMENT, words INTEGER, extractor TEXT NOT NULL,
            data BLOB NOT NULL, crc32 INTEGER NOT NULL, judging TEXT NOT NULL, created_at TEXT NOT NULL)""",
        """CREATE TABLE word_files (
            name TEXT PRIMARY KEY, words INTEGER NOT NULL, first_key INTEGER NOT NULL, last_key INTEGER NOT NULL,
            count INTEGER NOT NULL, files TEXT NOT NULL, retired INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID""",
    ):
        tables.execute(statement)


MIGRATIONS: tuple[Callable[[Tables], None], ...] = (
    _first_tables,
    _whole_change_log,
    _followed_sources,
    _serving,
    _fitting,
    _local_features,
)


def schema_version(tables: Tables) -> int:
    """Return the number of the newest migration the store has seen; 0 for an empty file."""
    return int(tables.execute("PRAGMA user_version").fetchone()[0])


def migrate(tables: Tables, *, upto: int | None = None) -> int:
    """Bring the store to migration ``upto`` (default: the newest), inside the caller's transaction.

    Returns:
        The number of migrations that ran.

    Raises:
        SchemaTooNew: the store was written by a newer edge-search.
    """
    newest = len(MIGRATIONS) if upto is None else upto
    version = schema_version(tables)
    if version > len(MIGRATIONS):
        raise SchemaTooNew(
            f"the catalog has schema {version}, this edge-search knows up to {len(MIGRATIONS)}; "
            "install the newer edge-search again, or use another home"
        )
    for number in range(version, newest):
        MIGRATIONS[number](tables)
        tables.execute(f"PRAGMA user_version = {number + 1}")
    return max(0, newest - version)
