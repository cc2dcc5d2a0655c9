"""`run`: answer over HTTP and follow the sources, supervised."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from edge_search.cli.context import Context
from edge_search.cli.output import note

__all__ = ["run"]


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER]...")
@click.option("--host", help="Address to listen on. Default: the setting 'host' (127.0.0.1); others need a token.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default: the setting 'port' (8620); 0: any free one.")
@click.option("--tls-cert", type=click.Path(dir_okay=False), help="Certificate file (PEM) for HTTPS.")
@click.option("--tls-key", type=click.Path(dir_okay=False), help="Its private key (PEM).")
@click.option("--log-json", is_flag=True, help="Log one JSON document a line.")
@click.option("--log-file", type=click.Path(path_type=Path, dir_okay=False), help="Log to this file, not to stderr.")
@click.pass_obj
def run(
    context: Context,
    folders: tuple[Path, ...],
    host: str | None,
    port: int | None,
    tls_cert: str | None,
    tls_key: str | None,
    log_json: bool,
    log_file: Path | None,
) -> None:
    """Run the appliance: `serve` and `watch`, each started again when it dies, until SIGTERM or Ctrl-C.

    FOLDERs are followed from now on.
    """
    from edge_search.appliance.supervisor import Supervisor, command_line
    from edge_search.cli.log import log_to

    log_to(log_file, as_json=log_json)
    with context.box(host=host, port=port, tls_cert=tls_cert, tls_key=tls_key) as box:
        home = box.home
        for folder in folders:
            box.sources.add(folder.expanduser().absolute())
        _show(box.tokens.create_first(), home.root)
    shared = [
        *(["--runtime", context.runtime] if context.runtime else []),
        *(["--threads", str(context.threads)] if context.threads else []),
    ]
    given = {"--host": host, "--port": port, "--tls-cert": tls_cert, "--tls-key": tls_key}
    serving = [word for name, value in given.items() if value is not None for word in (name, str(value))]
    supervisor = Supervisor(
        home,
        {
            "serve": command_line(home.root, "serve", "--log-json", *serving, options=shared),
            "watch": command_line(home.root, "watch", "run", "--log-json", options=shared),
        },
    )
    supervisor.handle_signals()
    supervisor.run()


def _show(first: str | None, home: Path) -> None:
    """Show a home's first token to a person; where nobody looks, put it where only the owner can read it."""
    if first is None:
        return
    if sys.stderr.isatty():
        note(f"edge-search: first token (role admin), shown only now: {first}")
        return
    file = home / "first-token"
    file.touch(mode=0o600)
    file.write_text(f"{first}\n", encoding="ascii")
    note(f"edge-search: the first token (role admin) is in {file}; read it, then delete that file")
