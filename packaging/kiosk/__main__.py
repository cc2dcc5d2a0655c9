"""``python3 -m kiosk``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from .launcher import Kiosk, find_browser

DEFAULT_URL = "http://127.0.0.1:8620/"


def main() -> int:
    """Parse the command line, run until ended."""
    state = Path(os.environ.get("XDG_STATE_HOME", "~/.local/state")).expanduser()
    parser = argparse.ArgumentParser(prog="kiosk", description=__doc__)
    parser.add_argument(
        "--url", default=os.environ.get("EDGE_SEARCH_KIOSK_URL", DEFAULT_URL), help=f"default: {DEFAULT_URL}"
    )
    parser.add_argument("--browser", type=Path, help="the Chromium to run; default: the first one found")
    parser.add_argument("--profile", type=Path, default=state / "edge-search-kiosk", help="default: %(default)s")
    parser.add_argument("--window", action="store_true", help="in a window instead of full screen, to try it out")
    parser.add_argument("flags", nargs="*", help="further flags for Chromium, after '--'")
    given = parser.parse_args()
    browser = given.browser or find_browser()
    if browser is None:
        print(
            "kiosk: no Chromium was found; install it (apt install chromium) or name it with --browser", file=sys.stderr
        )
        return 1
    try:
        kiosk = Kiosk(given.url, browser, given.profile, full_screen=not given.window, flags=given.flags)
    except ValueError as error:
        print(f"kiosk: {error}", file=sys.stderr)
        return 2
    kiosk.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
