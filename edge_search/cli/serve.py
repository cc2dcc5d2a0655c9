"""`serve`: answer over HTTP."""

from __future__ import annotations

import click

from edge_search.cli.context import Context
from edge_search.cli.output import note

__all__ = ["serve"]


@click.command()
@click.option("--host", help="Address to listen on. Default: the setting 'host' (127.0.0.1); others need a token.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default: the setting 'port' (8620); 0: any free one.")
@click.option("--tls-cert", type=click.Path(dir_okay=False), help="Certificate file (PEM) for HTTPS.")
@click.option("--tls-key", type=click.Path(dir_okay=False), help="Its private key (PEM).")
@click.pass_obj
def serve(context: Context, host: str | None, port: int | None, tls_cert: str | None, tls_key: str | None) -> None:
    """Answer over HTTP: the API under /v1, its description at /docs, the kiosk page at /."""
    with context.box(host=host, port=port, tls_cert=tls_cert, tls_key=tls_key) as box:
        from edge_search.web.serving import serve as run

        run(box, announce=note)
