"""What every command shares: the options of the group, and the box they lead to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from edge_search.appliance.box import Box

__all__ = ["Context", "json_option", "runtime_option"]


@dataclass(frozen=True)
class Context:
    """The group's options; None means: from environment, file or default."""

    home: Path | None
    runtime: str | None = None
    threads: int | None = None

    @property
    def place(self) -> Path:
        """The home's folder: as named, else from environment or platform."""
        from edge_search.config import default_home

        return self.home if self.home is not None else default_home()

    def box(self, runtime: str | None = None, *, recovers: bool = True, once: bool = False, **settings: Any) -> Box:
        """Open the box; a runtime given to the command wins over the group's. Settings that are None don't count."""
        # Loaded late: `--help` must not wait for numpy, SQLite and pydantic.
        import edge_search

        given = replace(self, runtime=runtime or self.runtime)
        return edge_search.open(
            given.place, runtime=given.runtime, threads=given.threads, recovers=recovers, once=once, **settings
        )


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
runtime_option = click.option(
    "--runtime", type=click.Choice(["auto", "openvino", "onnxruntime"]), help="What executes the network."
)
