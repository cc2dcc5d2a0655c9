"""`pin`: what opens staff mode at the kiosk."""

from __future__ import annotations

import sys

import click

from edge_search.cli.context import Context
from edge_search.cli.output import note

__all__ = ["pin"]


@click.group()
def pin() -> None:
    """Set or clear the PIN of staff mode."""


@pin.command("set")
@click.option("--stdin", "piped", is_flag=True, help="Read the PIN from stdin instead of asking for it.")
@click.pass_obj
def set_pin(context: Context, piped: bool) -> None:
    """Set the PIN: 4 to 12 digits, asked for here, so that it is in no list of commands."""
    if piped:
        digits = sys.stdin.readline().strip()
    else:
        digits = click.prompt("PIN (4 to 12 digits)", hide_input=True, confirmation_prompt=True, err=True)
    with context.box() as box:
        box.pin.set(digits)
    note("edge-search: the PIN is set; whoever was logged in by an older one is logged out")


@pin.command("clear")
@click.pass_obj
def clear(context: Context) -> None:
    """Forget the PIN: staff mode then opens with a token only."""
    with context.box() as box:
        found = box.pin.clear()
    note("edge-search: the PIN is cleared" if found else "edge-search: there was no PIN")
