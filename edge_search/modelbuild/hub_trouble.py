"""What can go wrong with the hub, each in one line: what, and what to do next."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from edge_search.errors import BundleError, EdgeSearchError, EncoderError, InvalidValue, NoSpace
from edge_search.modelbuild.repository import CONFIG, WEIGHTS, Repository

__all__ = ["PARTIAL", "is_client_error", "translated"]

PARTIAL = ".partial"
"""Folder inside the pulled one, for what came so far."""
_CLIENTS = {"httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3"}


@contextmanager
def translated(hub: ModuleType, repository: Repository, folder: Path, endpoint: str, build: str) -> Iterator[None]:
    """One line of ours for whatever the library, the network or the disk says."""
    errors = hub.errors
    what, page = repository.repo, f"{endpoint}/{repository.repo}"
    try:
        yield
    except EdgeSearchError:
        raise
    except errors.HFValidationError as error:
        raise InvalidValue(f"{what} is no repository: {error}") from error
    except errors.GatedRepoError as error:
        raise BundleError(
            f"{what} is gated: its owner wants to know who takes it, and edge-search sends no token; "
            + _by_stick(repository, folder, endpoint, build)
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise BundleError(f"{endpoint} has no public repository {what}; name another with --repo") from error
    except errors.RevisionNotFoundError as error:
        raise BundleError(
            f"{what} has no revision {repository.revision!r}; see {page}/commits, then give --revision"
        ) from error
    except errors.EntryNotFoundError as error:
        raise BundleError(f"{endpoint} doesn't give a file of {what} that it lists; try again later") from error
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "no status")
        raise EncoderError(
            f"{endpoint} answered {status} for {what}; run the same command again later, it goes on where it was"
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(f"the disk of {folder} is full; make room, then run the same command again") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise EncoderError(f"can't write into {folder}: {error.strerror}; name another with --to") from error
        raise _unreached(error, repository, folder, endpoint, build) from error
    except Exception as error:
        if not is_client_error(error):
            raise
        raise _unreached(error, repository, folder, endpoint, build) from error


def is_client_error(error: Exception) -> bool:
    """Whether the network said no: each major version of the library has another HTTP client."""
    return type(error).__module__.split(".")[0] in _CLIENTS


def _unreached(error: Exception, repository: Repository, folder: Path, endpoint: str, build: str) -> EncoderError:
    reason = " ".join(str(error).split()) or type(error).__name__
    came = sum(file.stat().st_size for file in (folder / PARTIAL).glob("*")) if folder.is_dir() else 0
    if came:
        return EncoderError(
            f"the download from {endpoint} broke off with {came / 1e6:.1f} MB here ({reason}); "
            "run the same command again, it goes on from there"
        )
    return EncoderError(f"can't reach {endpoint} ({reason}); " + _by_stick(repository, folder, endpoint, build))


def _by_stick(repository: Repository, folder: Path, endpoint: str, build: str) -> str:
    files = " and ".join(repository.files or (CONFIG, WEIGHTS[0]))
    then = f", then run: {build}" if build else ""
    return (
        f"without network: on another machine download {files} from "
        f"{endpoint}/{repository.repo}/tree/{repository.revision}, carry them by USB stick into {folder}{then}"
    )
