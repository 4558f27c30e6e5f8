from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.clock import MediaClock, Tie, clock_synced

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = 3600.0


class World:
    """A wall clock that can be stepped and a monotonic clock that cannot."""

    def __init__(self, synced: bool = True, at: datetime = NOON) -> None:
        self.now = at.timestamp()
        self.monotonic = 1000.0
        self.is_synced = synced

    def clock(self, keeps_pace: bool) -> MediaClock:
        clock = MediaClock(
            keeps_pace, lambda: self.now, lambda: self.is_synced, lambda: self.monotonic
        )
        clock.start(0.0)
        return clock

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.monotonic += seconds


def test_wall_time_is_that_of_the_first_frame_plus_media_time() -> None:
    clock = World().clock(keeps_pace=False)
    assert clock.wall(61.5) == datetime(2026, 1, 2, 12, 1, 1, 500_000, UTC)


def test_a_recording_that_is_played_fast_stays_tied_to_its_first_frame() -> None:
    world = World(synced=False)
    clock = world.clock(keeps_pace=False)
    world.passes(5)
    world.now += HOUR
    world.is_synced = True
    assert clock.wall(600.0) == NOON + timedelta(minutes=10)
    assert not clock.synced


def test_a_source_that_keeps_pace_tells_now_for_what_is_seen_now() -> None:
    world = World()
    clock = world.clock(keeps_pace=True)
    world.passes(90)
    assert clock.wall(90.0) == NOON + timedelta(seconds=90)
    assert clock.wall(80.0) == NOON + timedelta(seconds=80)


@pytest.mark.parametrize("step", [HOUR, -HOUR, -NOON.timestamp()], ids=["+1h", "-1h", "to 1970"])
def test_a_source_that_keeps_pace_follows_a_step_of_the_wall_clock(step: float) -> None:
    world = World()
    clock = world.clock(keeps_pace=True)
    world.passes(10)
    world.now += step
    world.passes(5)
    assert clock.wall(15.0) == NOON + timedelta(seconds=15 + step)


def test_a_clock_without_a_battery_is_believed_from_its_jump_on() -> None:
    world = World(synced=False, at=datetime(1970, 1, 1, tzinfo=UTC))
    clock = world.clock(keeps_pace=True)
    world.passes(30)
    before = clock.tie()
    world.now, world.is_synced = NOON.timestamp(), True
    after = clock.tie()
    assert (before.synced, after.synced) == (False, True)
    assert before.wall(30.0) == datetime(1970, 1, 1, 0, 0, 30, tzinfo=UTC)
    assert after.wall(30.0) == NOON


@given(
    zero=st.floats(-1e9, 4e9),
    start=st.floats(0, 1e6),
    duration=st.floats(0, 1e6),
)
def test_wall_times_of_one_tie_are_as_far_apart_as_their_media_times(
    zero: float, start: float, duration: float
) -> None:
    tie = Tie(zero, synced=True)
    apart = tie.wall(start + duration) - tie.wall(start)
    assert timedelta() <= apart
    assert apart.total_seconds() == pytest.approx(duration, abs=1e-5)


def test_the_system_answers_whether_its_clock_is_synced() -> None:
    assert clock_synced() in (True, False)
