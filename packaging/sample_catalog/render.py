"""Render the sample catalog: ``python packaging/sample_catalog/render.py [--output catalog]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Parse the command line and render."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=_ROOT / "catalog", help="folder to write (default: catalog)")
    output: Path = parser.parse_args().output
    # Run as a script from a checkout: neither this package nor edge_search has to be installed.
    sys.path[:0] = [str(_ROOT / "packaging"), str(_ROOT)]
    from sample_catalog.folder import write_catalog

    write_catalog(output)
    files = [path for path in output.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"{len(files)} files, {size:.1f} MB in {output}")


if __name__ == "__main__":
    main()
