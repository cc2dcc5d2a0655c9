"""`completion`: the shell's completion script."""

from __future__ import annotations

import click

__all__ = ["completion"]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL; for bash: eval "$(edge-search completion bash)"."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # the three of the choice are click's own
    root = ctx.find_root()
    click.echo(kind(root.command, {}, "edge-search", "_EDGE_SEARCH_COMPLETE").source())
