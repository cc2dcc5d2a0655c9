"""Doctor: look at machine, home and encoder, and say what to do about each finding. Reads only.

A check that fails or hangs becomes a finding itself, so that a sick box gets a report as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.cores import available_cores
from edge_search.encoder.runtime import RuntimeChoice
from edge_search.errors import StoreDamaged
from edge_search.maintenance import clock, disk, following, machine, processor, sqlite
from edge_search.maintenance.finding import Finding
from edge_search.maintenance.runtimes import check_runtimes
from edge_search.store import sources
from edge_search.store.database import Database
from edge_search.store.home import Home
from edge_search.watch.deadline import within

__all__ = ["Check", "Patient", "examine"]

_CHECK_S = 20.0
_RUNTIMES_S = 150.0  # each has a deadline of its own


@dataclass(frozen=True)
class Patient:
    """What is examined.

    ``database`` is None when the store can't be opened; ``trouble`` says why. ``find_bundle`` returns the
    catalog's encoder bundle or raises EdgeSearchError.
    """

    home: Home
    database: Database | None
    find_bundle: Callable[[], Bundle]
    runtime: RuntimeChoice = "auto"
    threads: int = 0
    trouble: str = ""


@dataclass(frozen=True)
class Check:
    """One look: a name for the case that it fails, what it does, and how long that may take."""

    name: str
    look: Callable[[], Finding | list[Finding]]
    seconds: float = _CHECK_S

    def run(self) -> list[Finding]:
        """Return the findings; a note when the check fails or is late, bad when it meets damage."""
        try:
            found = within(self.seconds, self.look)
        except StoreDamaged as error:
            return [Finding(self.name, "bad", str(error))]
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            return [Finding(self.name, "note", f"could not be checked: {reason}")]
        return found if isinstance(found, list) else [found]


def examine(patient: Patient) -> list[Finding]:
    """Run all checks, in the order in which people read them."""
    return [finding for check in _checks(patient) for finding in check.run()]


def _checks(patient: Patient) -> Iterator[Check]:
    root, cores = patient.home.root, patient.threads or available_cores()
    yield Check("version", machine.check_versions)
    yield Check("processor", processor.check_processor)
    yield Check("cores", lambda: processor.check_cores(patient.threads))
    yield Check("INT8 instructions", processor.check_features)
    yield Check("memory", machine.check_memory)
    yield Check("swap", machine.check_swap)
    yield Check("open files", machine.check_open_files)
    yield Check("user", machine.check_user)
    yield Check("time zone", clock.check_timezone)
    yield Check("runtimes", lambda: check_runtimes(patient.find_bundle, patient.runtime, cores), _RUNTIMES_S)
    yield Check("telemetry", machine.check_telemetry)
    yield Check("HEIC photos", machine.check_heic)
    yield Check("home", lambda: disk.check_writable(root))
    yield Check("file system", lambda: disk.check_file_system(root))
    yield Check("free space", lambda: disk.check_space(root))
    yield Check("free inodes", lambda: disk.check_inodes(root))
    yield Check("fsync", lambda: disk.check_flush(root))
    yield Check("sizes", lambda: disk.check_sizes(patient.home))
    yield Check("SQLite", sqlite.check_sqlite)
    yield from _store_checks(patient)


def _store_checks(patient: Patient) -> Iterator[Check]:
    database = patient.database
    if database is None:
        trouble = Finding("store", "bad", patient.trouble or "not open")
        yield Check("store", lambda: trouble)
        yield Check("clock", lambda: clock.check_clock(None))
        return

    def followed() -> list[sources.Source]:
        with database.read() as tables:
            return sources.followed(tables)

    yield Check("journal", lambda: sqlite.check_journal(database))
    yield Check("clock", lambda: clock.check_clock(clock.newest_change(database)))
    yield Check("sources", lambda: following.check_sources(followed()))
    yield Check("inotify", lambda: following.check_inotify(followed()))
