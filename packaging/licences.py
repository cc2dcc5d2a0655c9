"""Check that every dependency that edge-search installs has a licence a shop can ship.

Walks the requirements of edge-search without extras, from the metadata of what is installed.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache License 2.0",
    "Apache Software License",
    "BSD",
    "BSD License",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT License",
    "MIT-CMU",
    "PSF-2.0",
    "Python Software Foundation License",
    "MPL-2.0",  # file by file: used unchanged, it asks nothing of what it is shipped with
    "Public Domain",
    "The Unlicense (Unlicense)",
    "Unlicense",
    "Zlib",
    "zlib",
}
SPELLINGS = {
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "OSI Approved :: Apache Software License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "Dual License": "Apache-2.0",  # python-dateutil: Apache-2.0 or BSD-3-Clause
}


def licences(package: Distribution) -> set[str]:
    """Return the licences a package names: its SPDX expression, else its classifiers, else its one-line field."""
    data = package.metadata.json
    expression = str(data.get("license_expression", ""))
    if expression:
        named = _parts(expression)
    else:
        prefix = "License :: "
        rows = [row.removeprefix(prefix) for row in data.get("classifier", []) if row.startswith(prefix)]
        named = {row.removeprefix("OSI Approved :: ") for row in rows} - {"OSI Approved"}
        if not named:
            named = _parts(str(data.get("license", "unknown")).splitlines()[0].strip())
    return {SPELLINGS.get(name, name) for name in named}


def _parts(expression: str) -> set[str]:
    return {part.strip() for part in re.split(r"\s(?:AND|OR|WITH)\s|[()]", expression)} - {""}


def needed(root: str) -> dict[str, Distribution]:
    """Return the installed packages that ``root`` needs without extras, itself left out."""
    found: dict[str, Distribution] = {}
    waiting = [root]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue  # for another Python or platform
        found[name] = package
        waiting += [
            re.split(r"[\s;<>=!~\[(]", requirement, maxsplit=1)[0]
            for requirement in package.requires or []
            if "extra ==" not in requirement.replace("extra==", "extra ==")
        ]
    del found[root]
    return found


def main() -> int:
    """Print every package with its licences; return 1 if one is not on the list."""
    bad = 0
    for name, package in sorted(needed("edge-search").items()):
        named = licences(package)
        good = named <= ALLOWED
        bad += not good
        print(f"{'allowed:' if good else 'REFUSED:'} {name} {package.version}: {', '.join(sorted(named))}")
    if bad:
        print(f"{bad} packages have a licence that is not on the list in packaging/licences.py", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
