"""Details count only where held-out photos say so."""

from __future__ import annotations

from edge_search.local.judging import Judging
from edge_search.search.local_trial import Asked, choose, recall_at_1


def photos(right: int, wrong: int, *, ahead: bool, count: int = 40) -> list[Asked]:
    """Held-out photos whose own SKU agrees in ``right`` points, another in ``wrong``; the vectors are right or not."""
    return [Asked("own", {"own": 0.6, "other": 0.5 if ahead else 0.7}, {"own": right, "other": wrong})] * count


def test_details_that_win_are_kept() -> None:
    choice = choose(photos(50, 4, ahead=False) + photos(0, 3, ahead=True), simulated=False)
    assert choice.judging is not None
    assert (choice.plain, choice.judged) == (0.5, 1.0)
    assert (choice.mended, choice.broken) == (40, 0)


def test_loose_goods_whose_crate_agrees_more_than_they_do_are_left_to_the_vectors() -> None:
    assert choose(photos(4, 30, ahead=True), simulated=False).judging is None


def test_details_that_say_nothing_are_left_out() -> None:
    assert choose(photos(0, 0, ahead=True), simulated=False).judging is None


def test_one_photo_more_is_no_reason() -> None:
    asked = photos(0, 0, ahead=True, count=60) + photos(50, 0, ahead=False, count=1)
    assert choose(asked, simulated=False).judging is None


def test_the_bar_is_set_where_wrong_agreement_ends() -> None:
    asked = photos(60, 4, ahead=False) + photos(4, 26, ahead=True)
    choice = choose(asked, simulated=False)
    assert choice.judging is not None
    assert choice.judging.least > 26
    assert choice.judged == 1.0


def test_more_points_never_count_less() -> None:
    judging = Judging(14, 0.2)
    gains = [judging.gain(points) for points in range(80)]
    assert gains == sorted(gains)
    assert gains[13] == 0 < gains[14]
    assert Judging.from_json(judging.to_json()) == judging


def test_absent_means_without_its_own_sku() -> None:
    (asked,) = photos(50, 4, ahead=True, count=1)
    assert [sku for _, sku in asked.ranked(None, absent=True)] == ["other"]
    assert recall_at_1([asked], None) == 1.0
