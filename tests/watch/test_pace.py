"""When a source is looked at as a whole; quiet hours; pauses; jumps of the clock."""

from __future__ import annotations

import time
from calendar import timegm

import pytest

from edge_search.store.database import Database
from edge_search.store.home import prepare_home
from edge_search.watch.clock import JumpGauge
from edge_search.watch.pace import Pace
from edge_search.watch.pause import Pause
from edge_search.watch.quiet import QuietHours
from tests.watch.watched import HandClock


def test_scans_come_at_once_then_after_the_period() -> None:
    clock = HandClock()
    pace = Pace(clock, usual_s=600, often_s=30)
    assert pace.due()
    pace.begin()
    assert not pace.due()
    assert pace.next_at is None
    clock.now += 4
    pace.done()
    clock.now += 599
    assert not pace.due()
    clock.now += 1
    assert pace.due()


def test_slow_scan_is_not_begun_again_at_once() -> None:
    clock = HandClock()
    pace = Pace(clock, usual_s=600, often_s=30, often=True)
    pace.begin()
    clock.now += 60
    pace.done()
    clock.now += 290
    assert not pace.due()
    clock.now += 10
    assert pace.due()


def test_scan_that_is_asked_for_comes_after_the_one_that_runs() -> None:
    clock = HandClock()
    pace = Pace(clock, usual_s=600, often_s=30)
    pace.begin()
    assert pace.hurry()
    assert not pace.hurry()
    assert not pace.due()
    pace.done()
    assert pace.due()


def test_scan_that_is_wanted_soon() -> None:
    clock = HandClock()
    pace = Pace(clock, usual_s=600, often_s=30)
    pace.begin()
    pace.soon(3)  # it may be past what changed
    pace.done()
    assert pace.due()
    pace.begin()
    pace.done()
    pace.soon(3)
    clock.now += 2
    assert not pace.due()
    pace.soon(3)
    clock.now += 1
    assert pace.due()


def test_failure_is_tried_ever_later_whoever_asks() -> None:
    clock = HandClock()
    pace = Pace(clock, usual_s=600, often_s=30)
    waits = []
    for _ in range(12):
        pace.begin()
        waits.append(pace.failed())
        pace.hurry()
        assert not pace.due()
        clock.now += waits[-1]
        assert pace.due()
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == 300
    pace.dropped()
    pace.hurry()
    assert pace.due()


def at(hour: int, minute: int = 0) -> float:
    today = time.localtime(1_900_000_000)
    return time.mktime((today.tm_year, today.tm_mon, today.tm_mday, hour, minute, 0, 0, 0, -1))


def test_quiet_hours() -> None:
    day = QuietHours.parse("09:00-20:00")
    assert day is not None
    assert [day.left_s(at(h, m)) for h, m in ((8, 59), (9, 0), (19, 59), (20, 0))] == [0, 11 * 3600, 60, 0]
    night = QuietHours.parse("22:30 - 6:00")
    assert night is not None
    assert [night.left_s(at(h, m)) > 0 for h, m in ((22, 29), (22, 30), (0, 0), (5, 59), (6, 0))] == [0, 1, 1, 1, 0]
    assert night.left_s(at(23)) == 7 * 3600
    assert QuietHours.parse(" ") is None


@pytest.mark.parametrize("text", ["9-20", "09:00-24:30", "10:00-10:00", "always", "25:00-26:00"])
def test_window_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 09:00-20:00"):
        QuietHours.parse(text)


def test_clock_that_is_set_is_noticed_and_one_that_drifts_is_not() -> None:
    clock = HandClock()
    gauge = JumpGauge(clock)
    for seconds in (1, 59):
        clock.now += seconds
        clock.day += seconds + 0.5
        assert gauge.jumped() == 0
    clock.day = 0
    assert gauge.jumped() < -1e9
    assert gauge.jumped() == 0
    clock.day += 365 * 86400
    assert gauge.jumped() == 365 * 86400


def test_pause_never_lasts_longer_than_asked_for() -> None:
    begun = float(timegm((2030, 1, 1, 12, 0, 0)))
    pause = Pause("a", begun, 600)
    assert pause.until == "2030-01-01T12:10:00+00:00"
    assert [pause.left_s(begun + s) for s in (0, 200, 600, 9000)] == [600, 400, 0, 0]
    assert pause.left_s(0) == 600  # the clock fell back to 1970
    assert Pause("a", begun, None).left_s(begun) is None


def test_pause_is_kept_in_the_store(tmp_path_factory: pytest.TempPathFactory) -> None:
    database = Database(prepare_home(tmp_path_factory.mktemp("home")))
    with database.write() as tables:
        assert Pause.read(tables) is None
        first = Pause.begin(tables, 5.0, None)
        assert Pause.read(tables) == first
        assert Pause.begin(tables, 5.0, None) != first
        Pause.end(tables)
        assert Pause.read(tables) is None
    database.close()
