"""`doctor`: what is wrong with this box, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.output import print_json, print_table

if TYPE_CHECKING:
    from edge_search.maintenance.finding import Finding

__all__ = ["doctor"]


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check processor, runtimes, disk, clock, sources and limits; exit with 1 when something is bad."""
    findings = _examined(ctx.obj)
    good = all(finding.state != "bad" for finding in findings)
    if as_json:
        print_json({"findings": [asdict(finding) for finding in findings], "good": good})
    else:
        _print(findings)
    if not good:
        ctx.exit(1)


def _examined(context: Context) -> list[Finding]:
    try:
        box = context.box(recovers=False, existing=True)
    except Exception as error:
        return _from_outside(context, f"can't be opened: {' '.join(str(error).split()) or type(error).__name__}")
    with box:
        return box.doctor()


def _from_outside(context: Context, trouble: str) -> list[Finding]:
    """A home that can't be opened is when doctor is needed most."""
    from edge_search.appliance.encoders import DEFAULT_MODEL, named_bundle
    from edge_search.maintenance.doctor import Patient, examine
    from edge_search.store.home import Home

    home = Home((context.place).expanduser().absolute())
    return examine(Patient(home, None, lambda: named_bundle(home, DEFAULT_MODEL), trouble=trouble))


def _print(findings: list[Finding]) -> None:
    marks = {"good": "", "note": "note", "bad": "BAD"}
    print_table(("", "check", "found"), ((marks[found.state], found.name, found.value) for found in findings))
    for found in sorted(findings, key=lambda found: found.state):  # bad before note
        if found.advice:
            click.echo(f"{found.name}: {found.advice}")
    bad, notes = (sum(found.state == state for found in findings) for state in ("bad", "note"))
    click.echo(f"{bad or 'nothing'} bad, {notes} note{'s'[: notes != 1]}")
