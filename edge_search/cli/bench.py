"""`bench`: measure this box."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from edge_search.cli.bench_rows import print_rows
from edge_search.cli.bench_serve import serve
from edge_search.cli.context import Context, json_option, runtime_option
from edge_search.cli.output import note, print_json, print_table

__all__ = ["bench"]


@click.group()
def bench() -> None:
    """Measure this box: interleaved rounds, medians."""


@bench.command("ingest")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), required=False)
@click.option("--photos", type=click.IntRange(8), default=400, show_default=True, help="Photos to make without FOLDER.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Rounds; medians are shown.")
@runtime_option
@json_option
@click.pass_obj
def ingest(context: Context, folder: Path | None, photos: int, rounds: int, runtime: str | None, as_json: bool) -> None:
    """Photos a second of a sync, beside what decoder and encoder alone could do; your home is not touched."""
    from edge_search.bench.ingest import bench_ingest, small_photos
    from edge_search.catalog.folder import list_folder

    with tempfile.TemporaryDirectory() as scratch:
        if folder is None:
            folder = Path(scratch)
            paths = small_photos(folder, photos)
        else:
            paths = [folder / file.path.decode() for file in list_folder(folder).files]
        settings = {"runtime": runtime or context.runtime, "threads": context.threads}
        rows = bench_ingest(paths, folder, rounds=rounds, **settings)
    print_rows(rows, as_json)


@bench.command("encoder")
@click.option("--rounds", type=click.IntRange(3), default=25, show_default=True, help="Rounds; medians are shown.")
@click.option("--torch/--no-torch", default=True, help="Measure PyTorch too, where it is installed (default).")
@json_option
@click.pass_obj
def encoder(context: Context, rounds: int, torch: bool, as_json: bool) -> None:
    """Encoders beside each other, beside PyTorch, and beside what this machine can do at best (extra: build)."""
    from edge_search.appliance.encoders import bundles
    from edge_search.bench.encoder import bench_encoder

    with context.box() as box:
        found = bench_encoder(
            bundles(box.home),
            box.home.cache / "bench",
            threads=box.encoders.cores,
            rounds=rounds,
            torch=torch,
            progress=note,
        )
    if as_json:
        print_json(found)
        return
    roof = found["roof_gmac_s"]
    columns = [name for name in found["rows"][0] if name not in ("threads", "precision_note", "input_px", "gmac")]
    title = (
        f"{found['machine']['cpu']}, {found['rows'][0]['threads']} threads; "
        f"roof: FP32 {roof['fp32']:g}, INT8 {roof['int8']:g} GMAC/s"
    )
    print_table(columns, ([row[name] for name in columns] for row in found["rows"]), title=title)
    for entry in found["skipped"]:
        note(f"left out: {entry['what']} on {entry['runtime']}: {entry['reason']}")


@bench.command("query")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Rounds; medians are shown.")
@runtime_option
@json_option
@click.pass_obj
def query(context: Context, folder: Path, rounds: int, runtime: str | None, as_json: bool) -> None:
    """Milliseconds of an answer, stage by stage, for the photos right in FOLDER against this home's catalog."""
    from edge_search.bench.query import bench_query
    from edge_search.catalog.ignored import has_photo_name

    paths = sorted(path for path in folder.iterdir() if has_photo_name(path.name.encode()))
    if not paths:
        raise click.UsageError(f"{folder} holds no photos")
    with context.box(runtime, existing=True) as box:
        rows = bench_query(box, paths, rounds=rounds)
    print_rows(rows, as_json)


bench.add_command(serve)
