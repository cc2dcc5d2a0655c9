"""`watch`: keep the store equal to its sources; pause and resume that."""

from __future__ import annotations

from pathlib import Path

import click

from edge_search.cli.context import Context, json_option, runtime_option
from edge_search.cli.output import print_json

__all__ = ["watch"]


class _RunsByDefault(click.Group):
    """`watch FOLDER` is `watch run FOLDER`; a folder called `pause` is given as `./pause`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_RunsByDefault)
def watch() -> None:
    """Keep the store equal to its sources: `watch [FOLDER]...`, for years."""


@watch.command("run")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER]...")
@click.option("--log-json", is_flag=True, help="Log one JSON document a line.")
@click.option("--log-file", type=click.Path(path_type=Path, dir_okay=False), help="Log to this file, not to stderr.")
@runtime_option
@click.pass_obj
def run(
    context: Context, folders: tuple[Path, ...], log_json: bool, log_file: Path | None, runtime: str | None
) -> None:
    """Follow every source, and FOLDERs from now on; runs until it is stopped (SIGTERM, Ctrl-C)."""
    from edge_search.appliance.leash import take_leash
    from edge_search.appliance.watcher import Watcher
    from edge_search.appliance.watching import watch_cores
    from edge_search.cli.log import log_to
    from edge_search.config import load_settings
    from edge_search.watch.priority import lower_priority

    take_leash()
    log_to(log_file, as_json=log_json)
    lower_priority()
    threads = watch_cores(load_settings(context.place, threads=context.threads))
    with Context(context.home, context.runtime, threads).box(runtime) as box:
        for folder in folders:
            box.sources.add(folder.expanduser().absolute())
        watcher = Watcher(box)
        watcher.handle_signals()
        watcher.run()


@watch.command("pause")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="For so long; without: until 'watch resume'.")
@json_option
@click.pass_obj
def pause(context: Context, minutes: float | None, as_json: bool) -> None:
    """Take nothing in for a while; searches and changes by hand go on."""
    with context.box() as box:
        box.watching.pause(minutes)
        state = box.watching.state()
    if as_json:
        print_json(state.__dict__)
    else:
        click.echo(f"paused until {state.until}" if state.until else "paused until 'edge-search watch resume'")


@watch.command("resume")
@json_option
@click.pass_obj
def resume(context: Context, as_json: bool) -> None:
    """Go on after a pause."""
    with context.box() as box:
        box.watching.resume()
        state = box.watching.state()
    if as_json:
        print_json(state.__dict__)
    else:
        click.echo(f"the watcher is {state.state}")
