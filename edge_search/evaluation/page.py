"""A page: one HTML file with everything in it, that asks nobody for anything."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from edge_search.errors import PhotoError
from edge_search.imaging.decode import open_photo
from edge_search.imaging.preview import make_preview

__all__ = ["Thumbnails", "html_page", "html_table", "share"]

_THUMBNAIL_PX = 150

# Nothing but what is in the file: a browser refuses to fetch or run anything, should it ever be asked to.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2327; --paper: #fbfaf7; --soft: #5f6b73; --line: #d9d6cc; --card: #fff;
  --good: #1f6f54; --bad: #b3451b; --band: rgb(31 111 84 / 18%); }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e6e1; --paper: #16191b; --soft: #a1abb2; --line: #363c40;
  --card: #1e2225; --good: #6cc3a0; --bad: #ee9067; --band: rgb(108 195 160 / 22%); } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto 4rem; padding: 0 1.2rem;
  color: var(--ink); background: var(--paper); }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; } h2 { font-size: 1.25rem; margin: 2.4rem 0 .4rem; }
p, li { max-width: 48rem; } p.soft, td.soft, figcaption, small { color: var(--soft); }
.tiles { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0; padding: 0; list-style: none; }
.tiles li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem 1rem;
  min-width: 8.2rem; flex: 1; font-size: .9rem; }
.tiles b { display: block; font-size: 1.45rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles small { font-size: .8rem; font-weight: 400; } small { white-space: nowrap; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.4rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; margin: .6rem 0; }
th, td { text-align: left; padding: .35rem .9rem .35rem 0; vertical-align: top; }
thead th { border-bottom: 2px solid var(--line); font-weight: 600; } tbody tr { border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 0; display: inline-block; vertical-align: top; max-width: 9.6rem; overflow-wrap: anywhere; }
figcaption { font-size: .82rem; line-height: 1.3; } figure + figure { margin-left: .6rem; }
img { max-width: 9.4rem; max-height: 9.4rem; border-radius: .3rem; background: #fff; }
svg { width: 100%; max-width: 34rem; height: auto; font: 12px system-ui, sans-serif; } svg text { fill: var(--ink); }
svg .soft { fill: var(--soft); } svg .axis { stroke: var(--line); stroke-width: 1; } svg .good { fill: var(--good); }
svg .bad { fill: var(--bad); } svg .band { fill: var(--band); } svg .line { stroke: var(--good); stroke-width: 2;
  fill: none; } svg .whisker { stroke: var(--ink); stroke-width: 1.5; }
.right { border-left: 4px solid var(--good); padding-left: .6rem; } .wrong { border-left: 4px solid var(--bad);
  padding-left: .6rem; }
.note { border-left: 4px solid var(--bad); padding: .1rem 0 .1rem .9rem; }
"""


def html_page(title: str, body: str) -> str:
    """Return a whole page around ``body``, which is HTML already."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<link rel="icon" href="data:,">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are HTML already, those that begin with a digit or sign are set as numbers."""
    lines = ["".join(f"<td{_kind(cell)}>{cell}</td>" for cell in row) for row in rows]
    if not lines:
        return ""
    titles = "".join(f"<th>{escape(name)}</th>" for name in head)
    return (
        f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>'
        + "".join(f"<tr>{line}</tr>" for line in lines)
        + "</tbody></table></div>"
    )


def share(value: float | None, interval: Sequence[float] | None = None) -> str:
    """Return a share as text, with its interval where there is one."""
    if value is None:
        return "-"
    if interval is None:
        return f"{value:.3f}"
    return f"{value:.3f} <small>[{interval[0]:.2f}, {interval[1]:.2f}]</small>"


class Thumbnails:
    """Pictures as data URIs, each file decoded once; what can't be read is left out."""

    def __init__(self) -> None:
        self._made: dict[Path, str] = {}

    def figure(self, picture: Path | bytes | None, caption: str, kind: str = "") -> str:
        """Return a small picture (a file, or a small JPEG) with a caption (text, not HTML), where there is one."""
        image = self._image(picture)
        css = f' class="{kind}"' if kind else ""
        return f"<figure{css}>{image}<figcaption>{escape(caption)}</figcaption></figure>"

    def _image(self, picture: Path | bytes | None) -> str:
        if picture is None:
            return ""
        if isinstance(picture, bytes):
            return _data(picture)
        if picture not in self._made:
            try:
                self._made[picture] = _data(make_preview(open_photo(picture), _THUMBNAIL_PX))
            except PhotoError:
                self._made[picture] = ""
        return self._made[picture]


def _data(jpeg: bytes) -> str:
    code = base64.b64encode(jpeg).decode("ascii")
    return f'<img alt="" src="data:image/jpeg;base64,{code}"><br>'


def _kind(cell: str) -> str:
    return ' class="number"' if cell[:1] in tuple("0123456789+-−") else ""
