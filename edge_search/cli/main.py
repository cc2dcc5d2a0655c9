"""`edge-search`: the group, and the one table from errors to exit codes."""

from __future__ import annotations

import logging
import os
import sys
import traceback
import warnings
from pathlib import Path

import click

from edge_search import __version__
from edge_search.cli.adapt import adapt
from edge_search.cli.bench import bench
from edge_search.cli.changes import changes
from edge_search.cli.completion import completion
from edge_search.cli.config import config
from edge_search.cli.context import Context
from edge_search.cli.diagnose import diagnose
from edge_search.cli.doctor import doctor
from edge_search.cli.evaluate import evaluate
from edge_search.cli.index import index
from edge_search.cli.insights import insights
from edge_search.cli.media import import_media
from edge_search.cli.model import model
from edge_search.cli.model_tune import tune as tune_model
from edge_search.cli.model_use import remove as remove_model
from edge_search.cli.model_use import use as use_model
from edge_search.cli.pin import pin
from edge_search.cli.products import products
from edge_search.cli.repair import backup, repair, restore, verify
from edge_search.cli.run import run
from edge_search.cli.search import search
from edge_search.cli.serve import serve
from edge_search.cli.sources import sources
from edge_search.cli.sync import sync
from edge_search.cli.token import token
from edge_search.cli.upkeep import compact, status
from edge_search.cli.watch import watch
from edge_search.errors import EdgeSearchError, InvalidValue

__all__ = ["cli", "main"]

_EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (InvalidValue, 2),
    (EdgeSearchError, 1),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--home",
    type=click.Path(file_okay=False),
    callback=lambda _ctx, _param, value: Path(value) if value else None,  # an empty variable names no folder
    help="The appliance's folder. Default: EDGE_SEARCH_HOME, else your user data folder.",
)
@click.option(
    "--runtime",
    type=click.Choice(["auto", "openvino", "onnxruntime"]),
    help="What executes the network. Default: the setting 'runtime' (auto: OpenVINO, else ONNX Runtime).",
)
@click.option("--threads", type=click.IntRange(0, 256), help="Cores to use; 0: all this process may use.")
@click.option("-v", "--verbose", is_flag=True, help="Say more on stderr.")
@click.version_option(__version__, prog_name="edge-search")
@click.pass_context
def cli(ctx: click.Context, home: Path | None, runtime: str | None, threads: int | None, verbose: bool) -> None:
    """Find products by photo, offline: index a folder of product photos, then search with a new one."""
    logging.getLogger("edge_search").setLevel(logging.INFO if verbose else logging.WARNING)
    ctx.obj = Context(home, runtime=runtime, threads=threads)


for _command in (
    index,
    search,
    evaluate,
    adapt,
    run,
    serve,
    token,
    pin,
    import_media,
    products,
    watch,
    sources,
    sync,
    model,
    diagnose,
    insights,
    status,
    doctor,
    verify,
    repair,
    backup,
    restore,
    compact,
    changes,
    bench,
    config,
    completion,
):
    cli.add_command(_command)
for _command in (tune_model, use_model, remove_model):
    model.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0, 1 (error, one line on stderr) or 2 (usage)."""
    # Pillow warns of odd tags in photos that it reads all the same: nothing a user can act on.
    warnings.filterwarnings("ignore", module="PIL")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("edge-search: %(message)s"))
    logging.getLogger("edge_search").addHandler(handler)
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        code = cli(args=arguments, prog_name="edge-search", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("stopped; what was committed is kept, and the same command goes on from there")
        return 130
    except UnicodeEncodeError:
        _say("an argument is not valid UTF-8; write it in UTF-8, or check the terminal's encoding")
        return 2
    except BrokenPipeError:
        # The reader went away (`| head`): nothing to report, and nothing more may be flushed into the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except EdgeSearchError as error:
        _say(" ".join(str(error).split()))
        return next(code for kind, code in _EXIT_CODES if isinstance(error, kind))
    except Exception as error:
        if os.environ.get("EDGE_SEARCH_DEBUG"):
            traceback.print_exc()
        _say(f"unexpected {type(error).__name__}: {' '.join(str(error).split())}; EDGE_SEARCH_DEBUG=1 shows where")
        return 1
    return code if isinstance(code, int) else 0


def _say(text: str) -> None:
    click.echo(f"edge-search: {text}", err=True)
