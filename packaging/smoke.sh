#!/bin/sh
# Install a wheel into a clean environment with no extras, then index and search from another folder.
set -eu
wheel=$(realpath "$1")
catalog=$(realpath "$(dirname "$0")/../catalog")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet "$wheel"
cd "$work"
run() { env -u PYTHONPATH EDGE_SEARCH_HOME="$work/home" "$work/venv/bin/edge-search" "$@"; }
run --version
run index "$catalog"
run status --check >/dev/null
run model verify
"$work/venv/bin/python" - <<'PY'
from pathlib import Path

import edge_search.web.page as page

folder = Path(page.__file__).parent / "page"
missing = [name for name in ("index.html", "app.js", "style/base.css", "language/de.json") if not (folder / name).is_file()]
assert not missing, f"smoke: the wheel lacks the page's {missing}"
PY
for runtime in openvino onnxruntime; do
    found=$(run --runtime "$runtime" search "$catalog/queries/HET-500-HNY.jpg" --json |
        "$work/venv/bin/python" -c 'import json, sys; print(json.load(sys.stdin)["hits"][0]["sku"])')
    test "$found" = HET-500-HNY || { echo "smoke: $runtime named $found, not HET-500-HNY" >&2; exit 1; }
    echo "smoke: $runtime names $found"
done
