"""`token`: who may ask over HTTP."""

from __future__ import annotations

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.output import note, print_json, print_table

__all__ = ["token"]

_ROLES = ("query", "metrics", "staff", "admin")


@click.group()
def token() -> None:
    """List, make and revoke the tokens that HTTP callers show; only their hashes are kept."""


@token.command("list")
@json_option
@click.pass_obj
def list_tokens(context: Context, as_json: bool) -> None:
    """List all tokens, revoked ones too."""
    with context.box() as box:
        known = box.tokens.listed()
    rows = [
        {
            "name": one.name,
            "role": one.role,
            "created_at": one.created_at,
            "last_used": one.last_used,
            "revoked_at": one.revoked_at,
        }
        for one in known
    ]
    if as_json:
        print_json({"tokens": rows})
        return
    print_table(
        ("name", "role", "made", "last used", "revoked"),
        ((r["name"], r["role"], r["created_at"], r["last_used"] or "never", r["revoked_at"]) for r in rows),
    )
    if not rows:
        note("edge-search: no token yet; 'edge-search token create NAME --role staff' makes one")
    elif rows[0]["name"] == "first":
        note("edge-search: the text of a token is shown once, when it is made; lost one? revoke it and make another")


@token.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), required=True, help="query: search; staff: also teach; admin: all.")
@json_option
@click.pass_obj
def create(context: Context, name: str, role: str, as_json: bool) -> None:
    """Make a token and show it, this once."""
    with context.box() as box:
        secret = box.tokens.create(name, role)
    if as_json:
        print_json({"name": name, "role": role, "token": secret})
        return
    click.echo(secret)
    note(f"edge-search: token {name} (role {role}); it can't be shown again")


@token.command("revoke")
@click.argument("name")
@click.pass_obj
def revoke(context: Context, name: str) -> None:
    """Revoke a token at once, with the sessions opened by it."""
    with context.box() as box:
        box.tokens.revoke(name)
