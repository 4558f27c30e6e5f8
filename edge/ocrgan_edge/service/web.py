"""`/metrics` for Prometheus and `/healthz` for whoever restarts what hangs, over plain HTTP."""

from __future__ import annotations

import http.server
import json
import logging
import socket
import socketserver
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from ocrgan_edge.errors import SettingsError
from ocrgan_edge.service.health import Health

_log = logging.getLogger(__name__)
_MOST_REQUESTS = 8
_REQUEST_SECONDS = 10.0


class WebServer:
    """Answers in threads of its own, a few at a time, none for long; a context."""

    def __init__(
        self, listen: str, registry: CollectorRegistry, health: Callable[[], Health]
    ) -> None:
        """Takes the port; answers as soon as it is entered.

        Args:
            listen: `127.0.0.1:9107`, `[::1]:9107`, or `:9107` for all addresses.
            registry: of what `/metrics` tells.
            health: what `/healthz` tells.

        Raises:
            SettingsError: the address is none, is not ours, or its port is taken.
        """
        address = parse_listen(listen)
        try:
            self._server = _Server(address, partial(_Handler, registry, health))
        except OSError as error:
            reason = error.strerror or str(error)
            raise SettingsError(f"cannot serve metrics on {listen!r}: {reason}") from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="web", args=(0.1,), daemon=True
        )

    @property
    def port(self) -> int:
        """The port, of use where 0 let the system choose."""
        return int(self._server.server_address[1])

    def __enter__(self) -> WebServer:
        """Answers from now on."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Answers no more and frees the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def parse_listen(listen: str) -> tuple[str, int]:
    """Host and port of `host:port`, `[IPv6]:port` or `:port`; the host is empty for all addresses.

    Raises:
        SettingsError: it is none of these.
    """
    host, colon, port = listen.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    plain = not set(host) & set("[]:/ @")
    if not colon or not (port.isdecimal() and int(port) < 65536) or not (bracketed or plain):
        raise SettingsError(
            f"listen is {listen!r}, but must be an address and a port "
            'such as "127.0.0.1:9107", "[::1]:9107" or ":9107"'
        )
    return host.strip("[]"), int(port)


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: Callable[..., _Handler]) -> None:
        host, port = address
        both = not host and socket.has_dualstack_ipv6()
        self.address_family = socket.AF_INET6 if both or ":" in host else socket.AF_INET
        self._slots = threading.BoundedSemaphore(_MOST_REQUESTS)
        super().__init__(("::" if both else host, port), handler)

    def server_bind(self) -> None:
        # Not HTTPServer's, which asks the name service who we are and can wait long for an answer.
        if self.address_family == socket.AF_INET6:
            only_ipv6 = self.server_address[0] != "::"
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_ipv6)
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # Whoever sends one byte now and then would otherwise keep a thread for good.
        deadline = threading.Timer(_REQUEST_SECONDS, _cut, (request,))
        deadline.daemon = True
        deadline.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            deadline.cancel()
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        _log.debug("a request from %s failed", client_address, exc_info=True)


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


class _Handler(http.server.BaseHTTPRequestHandler):
    timeout = _REQUEST_SECONDS
    server_version = "ocrgan-edge"
    sys_version = ""

    def __init__(
        self, registry: CollectorRegistry, health: Callable[[], Health], *request: Any
    ) -> None:
        self._registry = registry
        self._health = health
        super().__init__(*request)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
            self._answer(HTTPStatus.OK, content_type, encode(self._registry))
        elif path == "/healthz":
            health = self._health()
            status = HTTPStatus.OK if health.ok else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(status, "application/json", json.dumps(health.to_dict()).encode())
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"only /metrics and /healthz\n")

    do_HEAD = do_GET

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        _log.debug(format, *args)
