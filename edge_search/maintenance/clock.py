"""The clock: what is stored carries its time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from edge_search.maintenance.finding import Finding
from edge_search.store.database import Database

__all__ = ["check_clock", "check_timezone", "newest_change"]

_BUILT = datetime(2025, 1, 1, tzinfo=timezone.utc)
# NTP corrects small errors in steps; a box is not sick because of one.
_STEP = timedelta(seconds=5)
_ADVICE = "switch NTP on (timedatectl set-ntp true); a box that is never online needs a good RTC battery"


def newest_change(database: Database) -> datetime | None:
    """Return the latest time in the store's change log."""
    with database.read() as tables:
        text = tables.execute("SELECT max(at) FROM changes").fetchone()[0]
    return None if text is None else datetime.fromisoformat(text)


def check_clock(newest: datetime | None, now: datetime | None = None) -> Finding:
    """Find a clock that was never set, or that went back; ``now`` stands in for the clock (for tests)."""
    now = datetime.now(timezone.utc) if now is None else now
    value = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now < _BUILT:
        return Finding("clock", "bad", f"{value}: it was never set", _ADVICE)
    if newest is not None and now < newest - _STEP:
        return Finding(
            "clock", "bad", f"{value}: it was set back, the newest change is of {newest:%Y-%m-%d %H:%M} UTC", _ADVICE
        )
    return Finding("clock", "good", value)


def check_timezone(here: datetime | None = None) -> Finding:
    """Name the time zone; stored times are UTC whatever it is."""
    here = datetime.now().astimezone() if here is None else here
    offset = here.strftime("%z")
    value = f"{here.tzname()} (UTC{offset[:3]}:{offset[3:5]})"
    if here.utcoffset() == timedelta(0):
        advice = "fine if that is where the box stands; else: timedatectl set-timezone Europe/Berlin"
        return Finding("time zone", "note", value, advice)
    return Finding("time zone", "good", value)
