"""A proxy before the bucket emulator that fails as asked.

The emulator knows no versions of objects, no unsatisfiable ranges and no
uploads that are asked for again when they are done; the proxy adds what the
service does there.
"""

import contextlib
import dataclasses
import http.client
import json
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["FaultProxy", "Faults"]

_HOP_HEADERS = {"connection", "content-length", "transfer-encoding", "server"}


@dataclasses.dataclass
class Fault:
    """What goes wrong with the next requests that match.

    `kind` is "answer" (with `status`), "cut" (nothing is done, nothing
    answered), "lose_answer" (done, but nothing answered), "cut_answer" (half
    of the body comes), "cut_request" (half of the body is taken), "delay" (by
    `seconds`, then all is well).
    """

    kind: str
    times: float
    method: str = ""
    part: str = ""
    status: int = 0
    headers: dict = dataclasses.field(default_factory=dict)
    seconds: float = 0.0


class Faults:
    """Faults to come; `hits` counts those that came."""

    def __init__(self):
        self._lock = threading.Lock()
        self._planned = []
        self.hits = 0

    def answer(self, status, times=1, method="", part="", headers=()):
        """Answers with an HTTP status; `times` may be math.inf."""
        fault = Fault("answer", times, method, part, status, dict(headers))
        self._plan(fault)

    def cut(self, times=1, method="", part=""):
        """Closes the connection before anything is done."""
        self._plan(Fault("cut", times, method, part))

    def lose_answer(self, times=1, method="", part=""):
        """Does what is asked for, then closes the connection."""
        self._plan(Fault("lose_answer", times, method, part))

    def cut_answer(self, times=1, method="", part=""):
        """Closes the connection after half of the answer's body."""
        self._plan(Fault("cut_answer", times, method, part))

    def cut_request(self, times=1, method="", part=""):
        """Closes the connection after half of the request's body."""
        self._plan(Fault("cut_request", times, method, part))

    def delay(self, seconds, times=1, method="", part=""):
        """Answers late."""
        self._plan(Fault("delay", times, method, part, seconds=seconds))

    def clear(self):
        """Forgets what was planned, and the hits."""
        with self._lock:
            self._planned, self.hits = [], 0

    def take(self, method, path):
        """The fault of this request, or None."""
        with self._lock:
            for fault in self._planned:
                fits = fault.method in ("", method) and fault.part in path
                if fault.times > 0 and fits:
                    fault.times -= 1
                    self.hits += 1
                    return fault
        return None

    def _plan(self, fault):
        with self._lock:
            self._planned.append(fault)


class FaultProxy(ThreadingHTTPServer):
    """Stands before the emulator on a free port of 127.0.0.1.

    Attributes:
        bucket: the `Bucket` behind it; must be set before requests come.
        upstream: host and port of the emulator.
    """

    request_queue_size = 64
    daemon_threads = True

    def __init__(self, upstream):
        super().__init__(("127.0.0.1", 0), _Proxy)
        self.upstream = upstream
        self.bucket = None

    def handle_error(self, request, client_address):
        """Says nothing of connections that were cut on purpose."""


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        bucket = self.server.bucket
        path, fault = unquote(self.path), None
        # The library asks for the bucket too, at any time, for its traces.
        if urlsplit(path).path != f"/storage/v1/b/{bucket.name}":
            bucket.requests.append((self.command, path))
            fault = bucket.faults.take(self.command, path)
        kind = fault.kind if fault else ""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length // 2 if kind == "cut_request" else length)
        if kind in ("cut", "cut_request"):
            return self._cut()
        if kind == "delay":
            time.sleep(fault.seconds)
        if kind == "answer":
            status, headers = fault.status, fault.headers
            content = _error(fault.status)
        else:
            status, headers, content = self._answer(body)
        if kind == "lose_answer":
            return self._cut()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if kind == "cut_answer":
            self.wfile.write(content[: len(content) // 2])
            return self._cut()
        self.wfile.write(content)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def log_message(self, format, *arguments):
        pass

    def _cut(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, body):
        """The emulator's answer, as the service would give it."""
        path, query = urlsplit(self.path).path, urlsplit(self.path).query
        is_read = self.command == "GET" and "alt=media" in query
        about = self._about(path) if is_read else None
        if about:
            asked = parse_qs(query).get("generation", [""])[0]
            if asked not in ("", about["generation"]):
                return 404, {}, _error(404)
            first = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
            if first and int(first[1]) >= int(about["size"]):
                return 416, {}, _error(416)
        done_uploads = self.server.bucket.done_uploads
        if self.path in done_uploads:
            return done_uploads[self.path]
        connection = http.client.HTTPConnection(*self.server.upstream)
        with contextlib.closing(connection):
            connection.request(
                self.command, self.path, body or None, dict(self.headers)
            )
            response = connection.getresponse()
            content = response.read()
        headers = {
            name: value
            for name, value in response.getheaders()
            if name.lower() not in _HOP_HEADERS
        }
        if about:
            headers["x-goog-generation"] = about["generation"]
            headers["x-goog-stored-content-length"] = about["size"]
            encoding = about.get("contentEncoding")
            if encoding:
                headers["Content-Encoding"] = encoding
        answer = response.status, headers, content
        if self.command == "PUT" and response.status == 200:
            done_uploads[self.path] = answer
        return answer

    def _about(self, path):
        name = unquote(path.partition("/o/")[2])
        with contextlib.suppress(KeyError):
            return self.server.bucket.about(name)


def _error(status):
    reason = http.client.responses.get(status, "")
    return json.dumps({"error": {"code": status, "message": reason}}).encode()
