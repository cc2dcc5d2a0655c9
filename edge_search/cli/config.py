"""`config`: the settings, and where each came from."""

from __future__ import annotations

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.output import print_json, print_table

__all__ = ["config"]


@click.group()
def config() -> None:
    """Show or check the settings (argument > environment > config.toml in the home > default)."""


@config.command("show")
@json_option
@click.pass_obj
def show(context: Context, as_json: bool) -> None:
    """Show every setting, its value and where that came from."""
    from edge_search.config import Settings, origins

    home = context.place
    found = origins(home, runtime=context.runtime, threads=context.threads)
    if as_json:
        print_json({name: {"value": value, "origin": origin} for name, (value, origin) in found.items()})
        return
    fields = Settings.model_fields
    print_table(
        ("setting", "value", "from", "meaning"),
        ((name, value, origin, fields[name].description) for name, (value, origin) in found.items()),
    )


@config.command("check")
@click.pass_obj
def check(context: Context) -> None:
    """Exit with 1 and one line when config.toml or an environment variable can't be used."""
    from edge_search.config import CONFIG_FILE, load_settings

    home = context.place
    settings = load_settings(home, runtime=context.runtime, threads=context.threads)
    if settings.model:
        from edge_search.appliance.encoders import named_bundle
        from edge_search.store.home import Home

        named_bundle(Home(home), settings.model)
    place = home / CONFIG_FILE
    click.echo(f"{place}: good" if place.exists() else f"good; there is no {place}, so defaults hold")
