import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.alerts.messages import OutboxStats, StatsMessage
from ocrgan_edge.service.camera_stats import BUCKETS, CameraStats, Histogram, percentile
from ocrgan_edge.service.stats import NodeStats, OthersCounts


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def camera(clock: Clock) -> CameraStats:
    return CameraStats(hop=2, monotonic=clock)


def test_rates_are_those_since_the_message_before(clock: Clock, camera: CameraStats) -> None:
    for _ in range(40):
        camera.frame_came()
    clock.now += 4
    assert camera.interval().frames_per_second == 10
    clock.now += 4
    assert camera.interval().frames_per_second == 0


def test_percentiles_are_of_the_windows_since_the_message_before(
    clock: Clock, camera: CameraStats
) -> None:
    for milliseconds in range(1, 101):
        camera.window_scored(latency=milliseconds / 1000, age=0.5)
    clock.now += 10
    message = camera.interval()
    assert (message.latency_p50, message.latency_p95, message.latency_p99) == (0.05, 0.095, 0.099)
    assert message.windows_per_second == 10
    assert camera.interval().latency_p99 is None


def test_the_age_told_is_the_worst(camera: CameraStats) -> None:
    camera.window_scored(0.1, age=0.2)
    camera.window_scored(0.1, age=0.9)
    camera.window_scored(0.1, age=0.3)
    assert camera.interval().age_max == 0.9


def test_the_hop_told_is_the_mean_of_what_could_be_kept(camera: CameraStats) -> None:
    assert camera.interval().hop == 2
    camera.window_scored(0.1, 0.1)
    camera.window_scored(0.1, 0.1, hop=5)
    assert camera.interval().hop == 3.5


def test_losses_are_counted_since_the_start(camera: CameraStats) -> None:
    for _ in range(2):
        camera.frames_lost(3)
        camera.windows_skipped()
        camera.reconnected()
        camera.event_began()
        message = camera.interval()
    assert (message.frames_lost, message.windows_skipped) == (6, 2)
    assert (message.reconnects, message.events) == (2, 2)


def test_how_much_has_settled_is_told_as_it_is_now(camera: CameraStats) -> None:
    assert camera.interval().settled == 0.0
    camera.settled_is(1 / 3)
    assert camera.interval().settled == 0.333


def test_the_profile_and_drift_told_are_the_newest(camera: CameraStats) -> None:
    assert (camera.interval().profile, camera.interval().drift) == ("always", None)
    camera.normal_is("night", 1 / 3)
    assert (camera.interval().profile, camera.interval().drift) == ("night", 0.333)


def test_a_camera_is_online_from_a_frame_until_it_goes_away(camera: CameraStats) -> None:
    assert not camera.totals.online
    camera.frame_came()
    assert camera.totals.online
    camera.went_away()
    assert not camera.totals.online


def test_totals_survive_the_interval(camera: CameraStats) -> None:
    camera.frame_came()
    camera.window_scored(0.02, 0.03)
    camera.interval()
    assert (camera.totals.frames, camera.totals.windows) == (1, 1)
    assert camera.totals.latency.sum == 0.02


def test_what_is_kept_is_bounded(camera: CameraStats) -> None:
    for _ in range(5000):
        camera.window_scored(1.0, 1.0)
    assert len(camera._interval.latencies) == 2048


def test_threads_that_count_at_once_lose_nothing(camera: CameraStats) -> None:
    def count() -> None:
        for _ in range(2000):
            camera.frame_came()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert camera.totals.frames == 8000


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.integers(1, 100))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(
    values: list[float], percent: int
) -> None:
    ordered = sorted(values)
    found = percentile(ordered, percent)
    assert found in ordered
    assert found is not None
    assert sum(value <= found for value in ordered) * 100 >= percent * len(ordered)


@given(st.lists(st.floats(0, 100), max_size=50))
def test_a_histogram_puts_every_value_below_its_bound(values: list[float]) -> None:
    histogram = Histogram()
    for value in values:
        histogram = histogram.plus(value)
    assert sum(histogram.counts) == len(values)
    for number, bound in enumerate(BUCKETS):
        assert sum(histogram.counts[: number + 1]) == sum(value <= bound for value in values)


def test_the_node_s_message_tells_of_all_cameras_and_of_what_others_count() -> None:
    outbox = OutboxStats(depth=3, bytes=900, dropped=1, set_aside=0, failed_writes=2)
    node = NodeStats("boot", OthersCounts(lambda: outbox, lambda: 4, lambda: 5))
    node.add("door", hop=2).event_began()
    node.add("yard", hop=4)
    message = node.message()
    assert StatsMessage.model_validate_json(message.model_dump_json(by_alias=True)) == message
    assert (message.outbox, message.broker_reconnects, message.evidence_dropped) == (outbox, 4, 5)
    assert {name: camera.events for name, camera in message.cameras.items()} == {
        "door": 1,
        "yard": 0,
    }
    assert message.rss_bytes > 10_000_000
    assert message.versions["onnxruntime"]


def test_a_camera_with_new_settings_goes_on_counting() -> None:
    node = NodeStats("boot")
    node.add("door", hop=2).event_began()
    assert node.add("door", hop=3).totals.events == 1
    assert node.message().cameras["door"].hop == 3
    node.remove("door")
    assert node.message().cameras == {}
