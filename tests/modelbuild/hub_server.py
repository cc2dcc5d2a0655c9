"""A small hub on this machine: the public one's addresses, headers and redirects, and ways to misbehave."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

REPO = "timm/efficientnet_b4.ra2_in1k"
COMMIT = "2db9846671fa6880c01b7a4608443d276eddc593"
OTHER = "ed85164" + "0" * 33


@dataclass
class Hub:
    """What it serves, what it was asked, how it misbehaves."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=lambda: {"main": COMMIT, "v1": OTHER})
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    sent: int = 0
    stop_after: int | None = None
    """Drop the connection after so many bytes of a large file, and answer 503 from then on."""
    drop_once: bool = False
    """With it, `stop_after` happens once; the next request is served."""
    tampered: bool = False
    instead: bytes | None = None
    """Sent for large files."""
    gated: bool = False
    ignores_ranges: bool = False
    lists_no_hashes: bool = False
    down: bool = False

    @property
    def ranges(self) -> list[str]:
        return [headers["range"] for _, _, headers in self.asked if "range" in headers]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        hub, url = self.hub, urlsplit(self.path)
        hub.asked.append((self.command, self.path, {key.lower(): value for key, value in self.headers.items()}))
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        if hub.down:
            self._send(503, b"")
        elif parts[:2] == ["api", "models"]:
            self._api(parts[2:], parse_qs(url.query))
        elif parts[0] == "cdn":
            self._file(self._stored("/".join(parts[1:])), body=body)
        elif "resolve" in parts:
            self._resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]), body=body)
        else:
            self._send(404, b"")

    def _stored(self, name: str) -> bytes:
        data = self.hub.files[name]
        if self.hub.instead is not None:
            return self.hub.instead
        return bytes(len(data)) if self.hub.tampered else data

    def _api(self, parts: list[str], query: dict[str, list[str]]) -> None:
        hub = self.hub
        if "/".join(parts[:2]) != REPO:
            self._send(401, b'{"error":"Repository not found"}', {"X-Error-Code": "RepoNotFound"})
            return
        revision = parts[3] if len(parts) > 3 else "main"
        commit = hub.revisions.get(revision, revision if revision in hub.revisions.values() else None)
        if commit is None:
            self._send(404, b'{"error":"Invalid rev id"}', {"X-Error-Code": "RevisionNotFound"})
            return
        siblings = [self._sibling(name, data, blobs="blobs" in query) for name, data in hub.files.items()]
        document = {
            "_id": "1", "id": REPO, "modelId": REPO, "sha": commit, "private": False, "gated": False,
            "disabled": False, "downloads": 1, "likes": 0, "tags": ["timm"], "siblings": siblings,
            "lastModified": "2023-04-27T21:13:10.000Z", "createdAt": "2022-12-12T23:56:30.000Z",
        }  # fmt: skip
        self._send(200, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def _sibling(self, name: str, data: bytes, *, blobs: bool) -> dict[str, Any]:
        entry: dict[str, Any] = {"rfilename": name}
        if blobs and not self.hub.lists_no_hashes:
            entry |= {"size": len(data), "blobId": git_blob(data)}
            if large(name):
                entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 133}
        return entry

    def _resolve(self, repo: str, revision: str, name: str, *, body: bool) -> None:
        hub = self.hub
        if hub.gated:
            self._send(401, b"Access to model is restricted.", {"X-Error-Code": "GatedRepo"})
            return
        if repo != REPO or revision not in {*hub.revisions, *hub.revisions.values()}:
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
            return
        data = hub.files[name]
        commit = {"X-Repo-Commit": hub.revisions.get(revision, revision)}
        if large(name):
            sha256 = hashlib.sha256(data).hexdigest()
            linked = {"X-Linked-Size": str(len(data)), "X-Linked-Etag": f'"{sha256}"', "X-Xet-Hash": sha256}
            self._send(302, b"", {**commit, **linked, "Location": f"{hub.address}/cdn/{name}?Signature=x"})
        else:
            self._file(data, body=body, headers={**commit, "ETag": f'"{git_blob(data)}"'})

    def _file(self, data: bytes, *, body: bool, headers: dict[str, str] | None = None) -> None:
        hub, start, status = self.hub, 0, 200
        extra = dict(headers or {})
        asked = self.headers.get("Range")
        if asked and not hub.ignores_ranges:
            start, status = int(asked.removeprefix("bytes=").rstrip("-").split("-")[0]), 206
            extra["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        data = data[start:]
        cut = hub.stop_after
        if cut is None or len(data) <= cut:
            hub.sent += len(data)
            self._send(status, data, extra, body=body)
            return
        self.send_response(status)
        for key, value in {**extra, "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data[:cut])
        self.wfile.flush()
        hub.sent += cut
        hub.stop_after = None
        hub.down = not hub.drop_once
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, data: bytes, headers: dict[str, str] | None = None, *, body: bool = True) -> None:
        self.send_response(status)
        for key, value in {**(headers or {}), "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(data)


def large(name: str) -> bool:
    """Whether the hub keeps a file outside of git."""
    return name.endswith((".safetensors", ".bin", ".onnx", ".onnx_data"))


def git_blob(data: bytes) -> str:
    """The name git gives to a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Hub]:
    """Serve ``files`` as the repository `REPO` until the block ends."""
    hub = Hub(files=files)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
