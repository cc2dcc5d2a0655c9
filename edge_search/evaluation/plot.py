"""Plots as inline SVG: a curve with a band, bars with whiskers, two histograms beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

__all__ = ["Bar", "bars", "curve", "histogram"]

_WIDTH, _LEFT, _RIGHT, _TOP = 460, 44, 14, 12


@dataclass(frozen=True)
class Bar:
    """One bar: what it is about, its value, its 95 % interval where there is one, and a word behind it."""

    name: str
    value: float
    interval: Sequence[float] | None = None
    note: str = ""


def curve(values: Sequence[float], band: Sequence[Sequence[float]] | None, *, across: str, label: str) -> str:
    """Return a line of shares (0 to 1) over 1, 2, 3 ...; ``band``: the interval of each, where there are any."""
    height, foot = 250, 34
    high = height - foot - _TOP

    def place(index: int, value: float) -> tuple[float, float]:
        wide = (_WIDTH - _LEFT - _RIGHT) / max(1, len(values) - 1)
        return _LEFT + index * wide, _TOP + (1 - value) * high

    parts = [_grid(height, foot)]
    if band is not None:
        edge = [place(at, pair[1]) for at, pair in enumerate(band)]
        edge += [place(at, pair[0]) for at, pair in reversed(list(enumerate(band)))]
        parts.append(f'<polygon class="band" points="{_points(edge)}"/>')
    spots = [place(at, value) for at, value in enumerate(values)]
    parts.append(f'<polyline class="line" points="{_points(spots)}"/>')
    for at, (x, y) in enumerate(spots):
        parts.append(f'<circle class="good" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{values[at]:.3f}</title></circle>')
        if at + 1 in {1, 5, 10, 15, 20}:
            parts.append(_text(x, height - foot + 18, str(at + 1), "middle"))
    parts.append(_text(_WIDTH - _RIGHT, height - 2, across, "end", soft=True))
    return _svg(height, parts, label)


def bars(rows: Sequence[Bar], *, label: str, limit: float = 1.0, signed: bool = False) -> str:
    """Return horizontal bars from 0 to ``limit``, or from ``-limit`` to it; values beyond are cut.

    ``signed``: what is above 0 is drawn as bad, what is below as good.
    """
    tall, name = 24, 165
    height = _TOP + tall * len(rows) + 22
    low = -limit if signed else 0.0
    wide = _WIDTH - name - 70

    def x(value: float) -> float:
        return name + (min(max(value, low), limit) - low) / (limit - low) * wide

    parts = [f'<line class="axis" x1="{x(0):.1f}" y1="{_TOP}" x2="{x(0):.1f}" y2="{height - 20}"/>']
    for at, row in enumerate(rows):
        y = _TOP + at * tall
        left, right = sorted((x(0), x(row.value)))
        kind = "bad" if signed and row.value > 0 else "good"
        parts.append(_text(name - 8, y + 15, row.name if len(row.name) <= 26 else f"{row.name[:25]}…", "end"))
        parts.append(
            f'<rect class="{kind}" x="{left:.1f}" y="{y + 4}" width="{right - left:.1f}" height="{tall - 9}" rx="2">'
            f"<title>{escape(row.name)}: {row.value:.3f}</title></rect>"
        )
        if row.interval is not None:
            middle = y + 4 + (tall - 9) / 2
            parts.append(
                f'<line class="whisker" x1="{x(row.interval[0]):.1f}" y1="{middle}" '
                f'x2="{x(row.interval[1]):.1f}" y2="{middle}"/>'
            )
        parts.append(_text(_WIDTH - 66, y + 15, f"{row.value:+.3f}" if signed else f"{row.value:.2f}", "start"))
        parts.append(_text(_WIDTH - 4, y + 15, row.note, "end", soft=True))
    parts += [_text(x(edge), height - 4, f"{edge:g}", "middle", soft=True) for edge in sorted({low, 0.0, limit})]
    return _svg(height, parts, label)


def histogram(
    good: Sequence[float], bad: Sequence[float], *, names: tuple[str, str], across: str, label: str, bins: int = 20
) -> str:
    """Return how two sets of values lie; each set's bars add up to 1, so that a small one can be seen."""
    height, foot = 250, 34
    values = [*good, *bad]
    low, top = (min(values), max(values)) if values else (0.0, 1.0)
    top = max(top, low + 1e-3)
    counts = [np.histogram(part, bins=bins, range=(low, top))[0] / max(1, len(part)) for part in (good, bad)]
    most = max(float(np.max(counts)), 1e-9)
    wide = (_WIDTH - _LEFT - _RIGHT) / bins
    parts = [f'<line class="axis" x1="{_LEFT}" y1="{height - foot}" x2="{_WIDTH - _RIGHT}" y2="{height - foot}"/>']
    for number, kind in enumerate(("good", "bad")):
        for at, value in enumerate(counts[number]):
            tall = float(value) / most * (height - foot - _TOP - 20)
            x = _LEFT + at * wide + number * wide / 2
            parts.append(
                f'<rect class="{kind}" x="{x:.1f}" y="{height - foot - tall:.1f}" width="{wide / 2 - 0.6:.1f}" '
                f'height="{tall:.1f}"><title>{names[number]}: {value:.2f}</title></rect>'
            )
        size = len(good) if number == 0 else len(bad)
        left = _LEFT + 4 + number * 190
        parts.append(f'<rect class="{kind}" x="{left}" y="2" width="10" height="10"/>')
        parts.append(_text(left + 15, 11, f"{names[number]} ({size})", "start"))
    for edge in (low, (low + top) / 2, top):
        x = _LEFT + (edge - low) / (top - low) * (_WIDTH - _LEFT - _RIGHT)
        parts.append(_text(x, height - foot + 18, f"{edge:.2g}", "middle"))
    parts.append(_text(_WIDTH - _RIGHT, height - 2, across, "end", soft=True))
    return _svg(height, parts, label)


def _grid(height: int, foot: int) -> str:
    lines = []
    for step in range(5):
        y = _TOP + (1 - step / 4) * (height - foot - _TOP)
        lines.append(f'<line class="axis" x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}"/>')
        lines.append(_text(_LEFT - 6, y + 4, f"{step / 4:.2f}", "end"))
    return "".join(lines)


def _points(spots: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)


def _text(x: float, y: float, text: str, anchor: str, *, soft: bool = False) -> str:
    kind = ' class="soft"' if soft else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(text)}</text>'


def _svg(height: int, parts: Sequence[str], label: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
