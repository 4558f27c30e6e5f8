"""A small MQTT broker inside the process, for the demo: nothing to install or to configure."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ocrgan_edge.errors import SettingsError

VERSION = "3.1.1"
"""amqtt speaks MQTT 3.1.1 only."""
_START_SECONDS = 15.0


@contextmanager
def running_broker() -> Iterator[int]:
    """Runs a broker that lets everyone on this machine in; gives its port.

    Raises:
        SettingsError: amqtt is not installed or does not start.
    """
    if importlib.util.find_spec("amqtt") is None:
        raise SettingsError("the demo needs the broker amqtt: pip install 'ocrgan-edge[demo]'")
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    port = _free_port()
    ready, stop = threading.Event(), threading.Event()
    serving = _serve(port, ready, stop)
    thread = threading.Thread(target=asyncio.run, args=(serving,), daemon=True)
    thread.start()
    try:
        if not ready.wait(_START_SECONDS):
            raise SettingsError(f"the demo's broker does not start on port {port}")
        yield port
    finally:
        stop.set()
        thread.join(_START_SECONDS)


async def _serve(port: int, ready: threading.Event, stop: threading.Event) -> None:
    from amqtt.broker import Broker  # an extra

    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
    )
    await broker.start()
    ready.set()
    await asyncio.to_thread(stop.wait)
    await broker.shutdown()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
