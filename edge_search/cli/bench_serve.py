"""`bench serve`: measure the server as shoppers and attackers meet it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from edge_search.cli.bench_rows import print_rows
from edge_search.cli.context import Context, json_option, runtime_option
from edge_search.cli.output import note

__all__ = ["serve"]

_CAMERA_PHOTOS = 5
_KIOSK_PHOTOS = 16


@click.command("serve")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), required=False)
@click.option("--products", type=click.IntRange(1), default=10_000, show_default=True, help="To draw without FOLDER.")
@click.option("--plain", is_flag=True, help="With vectors as long as features, as before `adapt`.")
@click.option("--requests", type=click.IntRange(1), default=60, show_default=True, help="Of one client, in a row.")
@click.option("--clients", type=click.IntRange(0, 256), default=16, show_default=True, help="At once; 0: none.")
@click.option("--seconds", type=click.FloatRange(0.1), default=3.0, show_default=True, help="They ask in each round.")
@click.option("--crowd", type=click.IntRange(0, 4000), default=200, show_default=True, help="Bad connections; 0: none.")
@click.option("--teach", type=click.IntRange(0), default=0, show_default=True, help="Teach while so many are indexed.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Rounds; medians are shown.")
@runtime_option
@json_option
@click.pass_obj
def serve(
    context: Context,
    folder: Path | None,
    products: int,
    plain: bool,
    requests: int,
    clients: int,
    seconds: float,
    crowd: int,
    teach: int,
    rounds: int,
    runtime: str | None,
    as_json: bool,
) -> None:
    """Answers over HTTP: one client, several at once beside the encoder alone, and one beside misbehaving ones.

    With the photos right in FOLDER against a copy of this home's catalog; without FOLDER against a catalog that is
    drawn for it, with photos of 12 megapixels for the one client and of 480 x 640 for the others. Your home is not
    touched.
    """
    from edge_search.appliance.box import Box
    from edge_search.bench.server import serving
    from edge_search.bench.serving import bench_clients, bench_crowd, bench_one
    from edge_search.bench.shop import CAMERA, KIOSK, copied_home, drawn_home, drawn_photo
    from edge_search.bench.teaching import bench_teaching

    settings: dict[str, Any] = {"runtime": runtime or context.runtime, "threads": context.threads}
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        single: Sequence[bytes]
        several: Sequence[bytes]
        if folder is None:
            drawn_home(home, products, fitted=not plain, progress=note, **settings)
            single = [drawn_photo(CAMERA, seed) for seed in range(_CAMERA_PHOTOS)]
            several = [drawn_photo(KIOSK, seed) for seed in range(_KIOSK_PHOTOS)]
        else:
            single = several = _photos(folder)
            with context.box(existing=True) as box:
                copied_home(box.home, home)
        with serving(home, tls_cert="", tls_key="", **settings) as server:
            note("one client")
            rows = bench_one(server, single, requests=requests)
            if clients:
                note(f"{clients} clients at once, and the encoder alone")
                with Box(home, **settings) as box:
                    alone = {1: box.encoders.query, box.encoders.cores: box.encoders.ingest}
                rows += bench_clients(server, several, alone, clients=clients, seconds=seconds, rounds=rounds)
            if crowd:
                note(f"a crowd of {crowd}")
                rows += bench_crowd(server, several[0], count=crowd, rounds=rounds)
            if teach:
                note(f"teaching beside an ingest of {teach:,} photos")
                rows += bench_teaching(server, home, photos=teach)
    print_rows(rows, as_json)


def _photos(folder: Path) -> list[bytes]:
    from edge_search.catalog.ignored import has_photo_name

    paths = sorted(path for path in folder.iterdir() if has_photo_name(path.name.encode()))
    if not paths:
        raise click.UsageError(f"{folder} holds no photos")
    return [path.read_bytes() for path in paths]
