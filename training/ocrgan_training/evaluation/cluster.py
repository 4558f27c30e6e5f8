"""A Dask cluster: one that is there, or workers started on this machine."""

# mypy: disable-error-code="no-untyped-call"
# Dask's own functions are only partly typed.

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from distributed import Client, LocalCluster

from ocrgan_edge.errors import SettingsError

CONNECT_SECONDS = 30


@contextmanager
def connected(cluster: str) -> Iterator[Client]:
    """A client of a cluster that is there or is started here.

    Args:
        cluster: `local`, `local:WORKERS` or a scheduler's address as `tcp://host:8786`.

    Raises:
        SettingsError: the text names neither, or nobody answers there.
    """
    found = re.fullmatch(r"local(?::(\d+))?", cluster)
    logging.getLogger("distributed").setLevel(logging.ERROR)  # workers that die are our business
    with ExitStack() as stack:
        if found:
            workers = None if found[1] is None else int(found[1])
            if workers == 0:
                raise SettingsError(f"--cluster is {cluster!r}, but wants 1 worker or more")
            local = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",  # any free port: several may run on one machine
                silence_logs=logging.ERROR,
            )
            yield stack.enter_context(Client(stack.enter_context(local)))
            return
        if not re.fullmatch(r"(tcp|tls|ws|wss|ucx)://.+", cluster):
            raise SettingsError(
                f"--cluster is {cluster!r}, wanted local, local:WORKERS or tcp://HOST:8786"
            )
        try:
            client = Client(cluster, timeout=CONNECT_SECONDS)
        except OSError as error:
            raise SettingsError(f"no scheduler answers at {cluster}: {error}") from error
        yield stack.enter_context(client)
