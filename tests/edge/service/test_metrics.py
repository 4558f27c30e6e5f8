import re

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from ocrgan_edge.alerts.messages import OutboxStats
from ocrgan_edge.service.metrics import registry
from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.stats import NodeStats, OthersCounts

OUTBOX = OutboxStats(depth=3, bytes=900, dropped=1, set_aside=0, failed_writes=2)


@pytest.fixture(scope="module")
def text() -> str:
    """What is scraped from a node with two cameras."""
    node = NodeStats("boot", OthersCounts(lambda: OUTBOX, lambda: 4, lambda: 5))
    progress = Progress()
    progress.expect("publisher", within=30)
    progress.rest("publisher")
    door = node.add("door", hop=2)
    node.add('yard "north"', hop=2)
    door.frame_came()
    door.window_scored(latency=0.03, age=0.2)
    door.window_scored(latency=0.04, age=0.7, hop=6)
    door.windows_skipped(2)
    door.normal_is("night", 0.25)
    return generate_latest(registry(node, progress)).decode()


@pytest.fixture(scope="module")
def values(text: str) -> dict[str, float]:
    """Value by name and labels, of the camera `door` and of the node."""
    return {
        sample.name + (f"[{sample.labels['le']}]" if "le" in sample.labels else ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("camera") in (None, "door")
    }


def test_a_camera_s_counts_are_told(values: dict[str, float]) -> None:
    assert values["ocrgan_camera_online"] == 1
    assert values["ocrgan_frames_total"] == 1
    assert values["ocrgan_windows_skipped_total"] == 2
    assert values["ocrgan_hop_frames"] == 6
    assert values["ocrgan_drift_ratio"] == 0.25


def test_latency_is_a_histogram_in_seconds(values: dict[str, float]) -> None:
    assert values["ocrgan_graph_latency_seconds_bucket[0.025]"] == 0
    assert values["ocrgan_graph_latency_seconds_bucket[0.05]"] == 2
    assert values["ocrgan_graph_latency_seconds_bucket[+Inf]"] == 2
    assert values["ocrgan_graph_latency_seconds_sum"] == pytest.approx(0.07)
    assert values["ocrgan_score_age_seconds_bucket[0.5]"] == 1
    assert values["ocrgan_score_age_seconds_count"] == 2


def test_the_node_s_counts_are_told(values: dict[str, float]) -> None:
    assert values["ocrgan_outbox_messages"] == 3
    assert values["ocrgan_outbox_bytes"] == 900
    assert values["ocrgan_outbox_dropped_total"] == 1
    assert values["ocrgan_outbox_failed_writes_total"] == 2
    assert values["ocrgan_broker_reconnects_total"] == 4
    assert values["ocrgan_evidence_dropped_total"] == 5
    assert values["ocrgan_build_info"] == 1
    assert values["ocrgan_progress_age_seconds"] == 0
    assert values["process_resident_memory_bytes"] > 1e7


def test_drift_that_is_not_followed_is_not_told(text: str) -> None:
    assert text.count("ocrgan_drift_ratio{") == 1  # the yard has none


def test_being_scraped_changes_nothing() -> None:
    node = NodeStats("boot")
    node.add("door", hop=2).window_scored(0.03, 0.2)
    made = registry(node, Progress())
    generate_latest(made)
    generate_latest(made)
    assert node.message().cameras["door"].latency_p50 == 0.03


def test_names_follow_the_rules(text: str) -> None:
    for family in text_string_to_metric_families(text):
        assert re.fullmatch(r"(ocrgan|process)_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
        assert not re.search(r"milli|micro|kilo|mega|minute|hour|percent", family.name)
        assert not family.name.endswith(("_count", "_sum", "_bucket"))
        totals = [sample.name.endswith("_total") for sample in family.samples]
        assert all(totals) if family.type == "counter" else not any(totals)
