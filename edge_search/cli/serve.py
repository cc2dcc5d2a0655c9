"""`serve`: answer over HTTP."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from edge_search.cli.context import Context
from edge_search.cli.output import note

__all__ = ["serve"]


@click.command()
@click.option("--host", help="Address to listen on. Default: the setting 'host' (127.0.0.1); others need a token.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default: the setting 'port' (8620); 0: any free one.")
@click.option("--tls-cert", type=click.Path(dir_okay=False), help="Certificate file (PEM) for HTTPS.")
@click.option("--tls-key", type=click.Path(dir_okay=False), help="Its private key (PEM).")
@click.option("--log-json", is_flag=True, help="Log one JSON document a line.")
@click.option("--log-file", type=click.Path(path_type=Path, dir_okay=False), help="Log to this file, not to stderr.")
@click.pass_obj
def serve(
    context: Context,
    host: str | None,
    port: int | None,
    tls_cert: str | None,
    tls_key: str | None,
    log_json: bool,
    log_file: Path | None,
) -> None:
    """Answer over HTTP: the API under /v1, its description at /docs, the kiosk page at /."""
    from edge_search.appliance.leash import take_leash
    from edge_search.cli.log import log_to

    take_leash()
    log_to(log_file, as_json=log_json)
    from edge_search.web.decoder import Decoder

    with (
        Decoder() as decoder,
        context.box(host=host, port=port, tls_cert=tls_cert, tls_key=tls_key, opener=decoder) as box,
    ):
        # the network loads on one core while the web framework is imported on another
        warming = threading.Thread(target=box.encoders.warm, name="edge-search-warm")
        warming.start()
        try:
            from edge_search.web.serving import serve as run
            from edge_search.web.workers import search_workers

            settings = box.settings
            if settings.isolate_decoding:
                workers = search_workers(settings.search_workers, box.encoders.cores)
                decoder.start(workers, settings.max_photo_mb * 2**20)
            run(box, announce=note)
        finally:
            warming.join()
