"""Pulls weights from the public hub: the only code of edge-search that goes out, and only when called.

``huggingface_hub`` knows the hub's addresses, file lists, client settings and errors. Its ``hf_hub_download`` is
not used: since 1.x it deletes a partial file when its process ends, of a dropped line it loses up to 10 MiB,
and it writes a cache. Here its own client goes on where the last run stopped, and only the folder is written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from edge_search.encoder.manifest import hash_file
from edge_search.errors import BundleError, EncoderError
from edge_search.modelbuild.download import TIMEOUT_S, RemoteFile, fetch, settle
from edge_search.modelbuild.hub_trouble import PARTIAL, translated
from edge_search.modelbuild.receipt import RECEIPT, PulledFile, Receipt
from edge_search.modelbuild.repository import CONFIG, WEIGHTS, Repository, local_path

if TYPE_CHECKING:
    from huggingface_hub import HfApi

__all__ = ["pull", "quiet"]

_PUBLIC = "https://huggingface.co"
Progress = Callable[[int, int], None]


def quiet(_done: int, _total: int) -> None:
    """Report no progress."""


def pull(repository: Repository, folder: Path, progress: Progress = quiet, *, build: str = "") -> Receipt:
    """Pull the files of ``repository`` into ``folder``, each checked against the hash the hub states for it.

    A pull that was stopped goes on where it was; files that are there and right are not pulled again, and a
    folder whose receipt names the wanted commit needs no network. ``HF_ENDPOINT`` names another hub or mirror.
    No token is sent. ``progress`` gets (bytes done, bytes in all). ``build`` is the command that is named
    where there is no network.

    Raises EncoderError when the extra is missing or the hub can't be reached, BundleError when it has no such
    repository, revision or file or sends something else than it states, NoSpace when the disk is too small.
    """
    folder = folder.expanduser().absolute()
    if (done := _already(repository, folder)) is not None:
        return done
    hub = _library()
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or _PUBLIC
    api = hub.HfApi(endpoint=endpoint, token=False, library_name="edge-search")
    with translated(hub, repository, folder, endpoint, build), _alone(folder):
        commit, entries = _describe(api, repository)
        total, before = sum(entry.bytes for entry in entries), 0
        for entry in entries:
            url = hub.hf_hub_url(repository.repo, entry.name, revision=commit, endpoint=endpoint)
            fetch(hub, url, entry, folder, lambda done, past=before: progress(past + done, total))  # type: ignore[misc]
            before += entry.bytes
        files = tuple(PulledFile(e.name, hash_file(local_path(folder, e.name)), e.bytes) for e in entries)
        receipt = Receipt(repository.name, repository.repo, repository.revision, commit, endpoint, files)
        _write(folder / RECEIPT, receipt.text())
        shutil.rmtree(folder / PARTIAL, ignore_errors=True)
    return receipt


def _already(repository: Repository, folder: Path) -> Receipt | None:
    try:
        receipt = Receipt.read(folder)
        if receipt is None or receipt.repo != repository.repo or receipt.commit != repository.revision:
            return None
        if repository.files and set(repository.files) != {entry.name for entry in receipt.files}:
            return None
        receipt.verify(folder)
    except BundleError:
        return None
    return receipt


def _library() -> ModuleType:
    """Import huggingface_hub, which reads its settings once, at import."""
    os.environ.update(
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_HUB_DISABLE_IMPLICIT_TOKEN="1",  # noqa: S106 - no token at all
        HF_HUB_DISABLE_PROGRESS_BARS="1",
        HF_HUB_DISABLE_XET="1",
        HF_HUB_DISABLE_UPDATE_CHECK="1",
    )
    try:
        import huggingface_hub
    except ImportError as error:
        raise EncoderError("pulling a model needs one more package: pip install 'edge-search[hub]'") from error
    return huggingface_hub


def _describe(api: HfApi, repository: Repository) -> tuple[str, list[RemoteFile]]:
    """Ask the hub which commit the revision is, and what its files are."""
    info = api.model_info(repository.repo, revision=repository.revision, files_metadata=True, timeout=TIMEOUT_S)
    found = {sibling.rfilename: sibling for sibling in info.siblings or []}
    names = repository.files
    if not names:
        weights = next((name for name in WEIGHTS if name in found), WEIGHTS[0])
        names = (CONFIG, weights)
    entries = []
    for name in names:
        if name not in found:
            raise BundleError(
                f"{repository.repo} has no {name} at {repository.revision}; it has: {_some(sorted(found))}; "
                "name its files with --file"
            )
        sibling = found[name]
        sha256 = sibling.lfs.sha256 if sibling.lfs else None
        if sibling.size is None or not (sha256 or sibling.blob_id):
            raise BundleError(f"the hub states no size or hash for {name} of {repository.repo}; nothing was pulled")
        entries.append(RemoteFile(name, sibling.size, sha256, sibling.blob_id))
    if repository.sha256 is not None:
        stated = [entry.sha256 for entry in entries if entry.name in WEIGHTS]
        if stated != [repository.sha256]:
            raise BundleError(
                f"{repository.repo} no longer holds the pinned weights (SHA-256 {repository.sha256[:16]}...); "
                "name the revision you trust with --revision"
            )
    if info.sha is None:
        raise BundleError(f"the hub states no commit for {repository.repo} at {repository.revision}")
    return info.sha, entries


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "") or "nothing"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".pull.lock", timeout=0):
            yield
    except Timeout:
        raise EncoderError(f"another pull into {folder} is running; wait for it, or stop it") from None


def _write(path: Path, text: str) -> None:
    scratch = path.with_name(f".{path.name}")
    with scratch.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    settle(path.parent)
