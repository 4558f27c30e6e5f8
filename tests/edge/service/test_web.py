import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from ocrgan_edge.errors import SettingsError
from ocrgan_edge.service.health import Health
from ocrgan_edge.service.metrics import registry
from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.stats import NodeStats
from ocrgan_edge.service.web import WebServer, parse_listen


class Node:
    def __init__(self) -> None:
        self.stats = NodeStats("boot")
        self.stats.add("door", hop=2).frame_came()
        self.stats.add("yard", hop=2)
        self.now = 0.0
        self.progress = Progress(lambda: self.now)
        self.progress.expect("publisher", within=30)

    @contextmanager
    def serve(self, listen: str = "127.0.0.1:0") -> Iterator[WebServer]:
        made = registry(self.stats, self.progress)
        with WebServer(listen, made, lambda: Health.of(self.stats, self.progress)) as server:
            yield server


@pytest.fixture
def node() -> Node:
    return Node()


def ask(
    server: WebServer, path: str, method: str = "GET", host: str = "127.0.0.1", **headers: str
) -> tuple[int, str, str]:
    """Status, content type and body."""
    connection = http.client.HTTPConnection(host, server.port, timeout=30)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read().decode()
    finally:
        connection.close()


def test_metrics_are_told_as_text(node: Node) -> None:
    with node.serve() as server:
        status, kind, text = ask(server, "/metrics")
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    assert 'ocrgan_frames_total{camera="door"} 1.0' in text


def test_metrics_are_told_as_openmetrics_to_whom_asks_for_that(node: Node) -> None:
    with node.serve() as server:
        _, kind, text = ask(server, "/metrics", Accept="application/openmetrics-text;version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    families = {family.name for family in text_string_to_metric_families(text)}
    assert "ocrgan_graph_latency_seconds" in families


def test_health_is_ok_while_all_parts_get_on_though_a_camera_is_away(node: Node) -> None:
    with node.serve() as server:
        status, kind, text = ask(server, "/healthz")
    assert (status, kind) == (200, "application/json")
    assert json.loads(text) == {
        "status": "ok",
        "hanging": {},
        "cameras": {"door": "online", "yard": "offline"},
    }


def test_health_is_503_with_what_hangs(node: Node) -> None:
    with node.serve() as server:
        node.now = 31.25
        status, _, text = ask(server, "/healthz")
    assert status == 503
    assert json.loads(text)["status"] == "hanging"
    assert json.loads(text)["hanging"] == {"publisher": 31.2}


def test_head_gives_the_same_without_the_body(node: Node) -> None:
    with node.serve() as server:
        assert ask(server, "/healthz", "HEAD") == (200, "application/json", "")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/metrics/../x", 404), ("POST", "/metrics", 501)],
)
def test_there_is_nothing_else(node: Node, method: str, path: str, status: int) -> None:
    with node.serve() as server:
        assert ask(server, path, method)[0] == status


def test_clients_that_say_nothing_are_few_and_keep_nobody_away_for_long(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocrgan_edge.service.web._REQUEST_SECONDS", 0.3)
    with node.serve() as server:
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
        silent[0].settimeout(30)
        assert silent[0].recv(1) == b""
        time.sleep(0.1)
        assert ask(server, "/healthz")[0] == 200
        for client in silent:
            client.close()


def test_a_stop_is_not_kept_waiting_and_frees_the_port(node: Node) -> None:
    with node.serve() as server:
        client = socket.create_connection(("127.0.0.1", server.port))
        began = time.monotonic()
    assert time.monotonic() - began < 1
    client.close()
    with node.serve(f"127.0.0.1:{server.port}") as again:
        assert ask(again, "/healthz")[0] == 200


@pytest.mark.parametrize("listen", ["[::1]:0", ":0"])
def test_ipv6_is_served(node: Node, listen: str) -> None:
    with node.serve(listen) as server:
        assert ask(server, "/healthz", host="::1")[0] == 200


def test_no_host_is_every_address(node: Node) -> None:
    with node.serve(":0") as server:
        assert ask(server, "/healthz")[0] == 200


def test_a_port_that_is_taken_is_said(node: Node) -> None:
    with node.serve() as server:
        listen = f"127.0.0.1:{server.port}"
        sentence = f"cannot serve metrics on '{listen}': Address already in use"
        with pytest.raises(SettingsError, match=sentence), node.serve(listen):
            pass


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:9107", ("127.0.0.1", 9107)),
        ("[::1]:9107", ("::1", 9107)),
        (":9107", ("", 9107)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_an_address_is_host_and_port(listen: str, address: tuple[str, int]) -> None:
    assert parse_listen(listen) == address


@pytest.mark.parametrize(
    "listen", ["9107", "", "host", "host:", ":65536", "::1:9107", "http://a:1"]
)
def test_what_is_no_address_is_refused_with_examples(listen: str) -> None:
    with pytest.raises(SettingsError, match="must be an address and a port such as"):
        parse_listen(listen)
