"""The node's counts as Prometheus metrics, read from where they are counted at each scrape.

Names follow https://prometheus.io/docs/practices/naming/: one prefix, base units, `_total` for
what only grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from ocrgan_edge.clock import clock_synced
from ocrgan_edge.service.camera_stats import BUCKETS, Histogram, Totals
from ocrgan_edge.service.machine import children_rss_bytes, temperature
from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.stats import NodeStats

_Read = Callable[[Totals], float]
_GAUGES: dict[str, tuple[str, Callable[[Totals], float | None]]] = {
    "ocrgan_camera_online": ("Whether the camera gives frames.", lambda camera: camera.online),
    "ocrgan_hop_frames": ("Frames between the newest two scored windows.", lambda c: c.hop),
    "ocrgan_drift_ratio": (
        "Share of its bounds that followed drift uses; at 1 calibrate anew.",
        lambda camera: camera.drift,
    ),
    "ocrgan_settled_ratio": (
        "Share of the places that count which do not, since something stays there.",
        lambda camera: camera.settled,
    ),
}
_COUNTERS: dict[str, tuple[str, _Read]] = {
    "ocrgan_frames": ("Frames that came.", lambda camera: camera.frames),
    "ocrgan_frames_lost": ("Frames left out or broken.", lambda camera: camera.frames_lost),
    "ocrgan_windows_skipped": (
        "Windows not scored because the processor was busy.",
        lambda camera: camera.windows_skipped,
    ),
    "ocrgan_reconnects": ("Times that the camera came back.", lambda camera: camera.reconnects),
    "ocrgan_events": ("Anomalies raised.", lambda camera: camera.events),
}
_HISTOGRAMS: dict[str, tuple[str, Callable[[Totals], Histogram]]] = {
    "ocrgan_graph_latency_seconds": (
        "Time that the graph took for one window.",
        lambda camera: camera.latency,
    ),
    "ocrgan_score_age_seconds": (
        "Time from the arrival of a window's newest frame to its score.",
        lambda camera: camera.age,
    ),
}


class NodeMetrics:
    """A collector for `prometheus_client`: asks anew whenever it is asked."""

    def __init__(self, stats: NodeStats, progress: Progress) -> None:
        """Tells of these counts, and of the progress of all parts."""
        self._stats = stats
        self._progress = progress

    def collect(self) -> Iterable[Metric]:
        """All metrics of the node but those of its process."""
        yield InfoMetricFamily(
            "ocrgan_build",
            "Versions of ocrgan-edge and what it runs on.",
            {"version": self._stats.version, **_label_names(self._stats.versions)},
        )
        yield from self._of_cameras()
        yield from self._of_messages()
        yield from self._of_machine()
        ages = GaugeMetricFamily(
            "ocrgan_progress_age_seconds",
            "Time since a part of the daemon last got on; 0 if it waits for work.",
            labels=["part"],
        )
        for part, age in self._progress.ages().items():
            ages.add_metric([part], age)
        yield ages

    def _of_cameras(self) -> Iterable[Metric]:
        cameras = {name: stats.totals for name, stats in self._stats.cameras.items()}
        for name, (text, read) in _GAUGES.items():
            gauge = GaugeMetricFamily(name, text, labels=["camera"])
            for camera, totals in cameras.items():
                value = read(totals)
                if value is not None:
                    gauge.add_metric([camera], float(value))
            yield gauge
        for name, (text, read) in _COUNTERS.items():
            counter = CounterMetricFamily(name, text, labels=["camera"])
            for camera, totals in cameras.items():
                counter.add_metric([camera], read(totals))
            yield counter
        for name, (text, histogram_of) in _HISTOGRAMS.items():
            histogram = HistogramMetricFamily(name, text, labels=["camera"])
            for camera, totals in cameras.items():
                seen = histogram_of(totals)
                histogram.add_metric([camera], _buckets(seen), seen.sum)
            yield histogram

    def _of_messages(self) -> Iterable[Metric]:
        others = self._stats.others
        outbox = others.outbox()
        yield GaugeMetricFamily(
            "ocrgan_outbox_messages", "Event messages that wait for the broker.", outbox.depth
        )
        yield GaugeMetricFamily("ocrgan_outbox_bytes", "What they take.", outbox.bytes)
        for name, text, value in (
            ("outbox_dropped", "Event messages lost for want of room.", outbox.dropped),
            ("outbox_set_aside", "Corrupt outboxes found.", outbox.set_aside),
            ("outbox_failed_writes", "Messages not written to disk.", outbox.failed_writes),
            ("broker_reconnects", "Connections to the broker after one was lost.",
             others.broker_reconnects()),
            ("evidence_dropped", "Snapshots and clips not kept.", others.evidence_dropped()),
        ):  # fmt: skip
            yield CounterMetricFamily(f"ocrgan_{name}", text, value)

    def _of_machine(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "ocrgan_children_resident_memory_bytes",
            "Memory of the processes that the daemon has started.",
            children_rss_bytes(),
        )
        yield GaugeMetricFamily(
            "ocrgan_clock_synced", "Whether the system's clock is synchronised.", clock_synced()
        )
        degrees = temperature()
        if degrees is not None:
            yield GaugeMetricFamily(
                "ocrgan_processor_temperature_celsius", "Of the processor.", degrees
            )


def registry(stats: NodeStats, progress: Progress) -> CollectorRegistry:
    """A registry of its own with the node's metrics and those of its process."""
    made = CollectorRegistry()
    made.register(NodeMetrics(stats, progress))
    ProcessCollector(registry=made)
    return made


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    bounds = [*(str(bound) for bound in BUCKETS), "+Inf"]
    return list(zip(bounds, accumulate(histogram.counts), strict=True))


def _label_names(versions: dict[str, str]) -> dict[str, str]:
    return {name.replace("-", "_"): version for name, version in versions.items()}
