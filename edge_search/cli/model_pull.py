"""`model pull`: weights from the public hub."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.output import print_json, progress_bar

__all__ = ["pull"]


@click.command("pull")
@click.argument("name")
@click.option("--repo", help="Repository on the hub, OWNER/NAME. Default: the one known for NAME.")
@click.option("--revision", help="Branch, tag or commit. Default: the pinned one, else main.")
@click.option("--file", "files", multiple=True, help="File of the repository; repeat for more.")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Folder. Default: in the home.")
@json_option
@click.pass_obj
def pull(
    context: Context,
    name: str,
    repo: str | None,
    revision: str | None,
    files: tuple[str, ...],
    to: Path | None,
    as_json: bool,
) -> None:
    """Pull public weights for `model build` (needs the extra: pip install 'edge-search[hub]').

    The only command that goes out. Every file is checked against the hash the hub states; a pull that was
    stopped goes on where it was. HF_ENDPOINT names a mirror.
    """
    from edge_search.modelbuild.hub import pull as pull_files
    from edge_search.modelbuild.receipt import weights_folder
    from edge_search.modelbuild.repository import WEIGHTS, find_repository

    repository = find_repository(name, repo, revision, files)
    folder = to or weights_folder(context.place.expanduser().absolute(), name)
    # in the home the build finds them by itself
    build = "" if files else f"edge-search model build {name}" + (f" --weights {folder / WEIGHTS[0]}" if to else "")
    with progress_bar(f"pulling {repository.repo}") as progress:
        receipt = pull_files(repository, folder, progress, build=build)
    if as_json:
        print_json({**asdict(receipt), "folder": str(folder)})
        return
    size = sum(file.bytes for file in receipt.files) / 1e6
    click.echo(f"{folder} has {receipt.repo} at {receipt.commit[:12]}, {size:.1f} MB, hashes right")
    if build:
        click.echo(f"next: {build}")
