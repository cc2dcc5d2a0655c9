"""`model use` and `model remove`: which encoder the catalog has, and which ones lie here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from edge_search.cli.context import Context, json_option, runtime_option
from edge_search.cli.output import note, print_json, progress_bar
from edge_search.errors import EncoderError

if TYPE_CHECKING:
    from edge_search.appliance.box import Box
    from edge_search.ingest.switch import SwitchReport

__all__ = ["remove", "use"]

_NAMED = 20


@click.command("use")
@click.argument("name", required=False)
@click.option("--cancel", is_flag=True, help="Drop the switch that is pending, and the features made for it.")
@click.option("--without-missing", is_flag=True, help="Let photos leave the catalog that are nowhere to be found.")
@runtime_option
@json_option
@click.pass_obj
def use(
    context: Context, name: str | None, cancel: bool, without_missing: bool, runtime: str | None, as_json: bool
) -> None:
    """Switch the catalog to encoder NAME: encode its photos, then change over in one step.

    Everything goes on meanwhile, with the encoder in use. Stopped or cut off, the same command goes on from there.
    """
    if cancel == (name is not None) or (cancel and without_missing):
        raise click.UsageError("give the NAME of an encoder, or --cancel alone")
    with context.box(runtime) as box:
        if name is None:
            _cancel(box, as_json)
            return
        report = None
        if box.switching.start(name, without_missing=without_missing):
            with progress_bar("encoding") as progress:
                report = box.switching.run(progress)
        now = box.encoders.current
    if now.name != name:
        raise EncoderError(f"the switch to {name} was cancelled meanwhile; the catalog has {now.name}")
    if as_json:
        switched = None if report is None else report.to_dict()
        print_json({"encoder": now.name, "fingerprint": now.fingerprint, "switch": switched})
    elif report is None:
        click.echo(f"the catalog has {name} already")
    else:
        _print(report)


def _cancel(box: Box, as_json: bool) -> None:
    dropped = box.switching.cancel()
    now = box.encoders.current
    if as_json:
        print_json({"encoder": now.name, "fingerprint": now.fingerprint, "dropped": dropped})
    else:
        click.echo(f"the catalog keeps {now.name}; {dropped} features were dropped")


def _print(report: SwitchReport) -> None:
    encoded = report.from_folder + report.from_taught + report.from_previews
    click.echo(
        f"the catalog has {report.name} now: {report.photos} photos, {encoded} encoded in {report.seconds:.1f} s"
    )
    if encoded:
        click.echo(
            f"{report.from_folder} from their folder, {report.from_taught} taught ones, "
            f"{report.from_previews} from previews"
        )
    if report.from_previews:
        note("edge-search: previews are smaller than their photos: answers may be a little less sure")
    if report.dropped:
        click.echo(f"{len(report.dropped)} photos left the catalog:")
        for photo in report.dropped[:_NAMED]:
            click.echo(f"  {photo}")
        if len(report.dropped) > _NAMED:
            click.echo(f"  and {len(report.dropped) - _NAMED} more; --json lists them all")


@click.command("remove")
@click.argument("name")
@json_option
@click.pass_obj
def remove(context: Context, name: str, as_json: bool) -> None:
    """Delete an encoder bundle from the home; never one that is in use or came with edge-search."""
    from edge_search.appliance.removal import remove_bundle

    with context.box() as box:
        gone = remove_bundle(box.database, name)
    if as_json:
        print_json({"name": gone.name, "fingerprint": gone.fingerprint, "features": gone.features})
        return
    click.echo(f"removed {gone.name}")
    if gone.features:
        click.echo(f"{gone.features} features of it are dropped by the next 'edge-search compact'")
