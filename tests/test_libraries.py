"""Native libraries share one process here: whatever is imported first, none may take the process down."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest

LIBRARIES = ("usearch.index", "onnxruntime", "openvino")


@pytest.mark.parametrize("order", list(itertools.permutations(LIBRARIES)), ids=" ".join)
def test_index_and_runtimes_can_be_imported_in_any_order(order: tuple[str, ...]) -> None:
    code = "".join(f"import {name}\n" for name in order) + "print('alive')"
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "alive\n"), ran.stderr
