"""`adapt`: fit the projection and the verdict to this catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from edge_search.cli.context import Context, json_option, runtime_option
from edge_search.cli.output import note, print_json, progress_bar

if TYPE_CHECKING:
    from edge_search.appliance.box import Box
    from edge_search.store.fit_note import FitNote

__all__ = ["adapt", "adapt_if_due", "print_fit"]


@click.command()
@click.option("--report", is_flag=True, help="Say what the last fit came to; fit nothing.")
@click.option("--revert", is_flag=True, help="Go back to the encoder's plain projection, and stay there.")
@runtime_option
@json_option
@click.pass_obj
def adapt(context: Context, report: bool, revert: bool, runtime: str | None, as_json: bool) -> None:
    """Fit to this catalog: learn from its own photos what varies and what tells products apart.

    What was learned is kept only where it names held-out photos of the catalog better. Searches go on meanwhile.
    `index` and `watch` do this by themselves from 100 photos on: after the first sync, and when a fifth changed.
    """
    if report and revert:
        raise click.UsageError("give --report or --revert, not both")
    with context.box(runtime, existing=True) as box:
        if report:
            _report(box.adapting.report(), as_json)
        elif revert:
            number = box.adapting.revert()
            if as_json:
                print_json({"projection": "plain", "generation": number})
            else:
                click.echo("The plain projection is back; 'edge-search adapt' fits again.")
        else:
            found = _fitted(box)
            if as_json:
                print_json(found)
            elif found is not None:
                print_fit(found)


def adapt_if_due(box: Box) -> dict[str, Any] | None:
    """Fit when it is time to; returns what was found, None when it was not."""
    return _fitted(box) if box.adapting.due() else None


def _fitted(box: Box) -> dict[str, Any] | None:
    with progress_bar("fitting") as progress:
        return box.adapting.run(progress)


def _report(last: FitNote, as_json: bool) -> None:
    if as_json:
        print_json({"at": last.at, "reverted": last.reverted, **last.report})
    elif last.reverted:
        click.echo(f"Reverted to the plain projection at {last.at}; 'edge-search adapt' fits again.")
    else:
        click.echo(f"Fitted at {last.at} to {last.report['images']} photos.")
        print_fit(last.report)


def print_fit(found: dict[str, Any]) -> None:
    """Print what a fit came to, in two sentences."""
    click.echo(f"{found['reason'][:1].upper()}{found['reason'][1:]}.")
    made = found["calibration"]
    if made is None:
        note("edge-search: too few photos to calibrate the verdict on; the encoder's own thresholds stay")
        return
    click.echo(
        f"Of {made['queries']} {'held-out' if made['basis'] == 'photos' else 'simulated'} photos {made['named']:.0%} "
        f"would be named alone. Of all questions {made['wrong']:.1%} would be answered so wrongly, were every fifth "
        f"about a product that isn't here (promised: at most {made['promised']:.1%})."
    )
