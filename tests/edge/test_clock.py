from datetime import UTC, datetime

from ocrgan_edge.clock import MediaClock, clock_synced

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class World:
    def __init__(self, synced: bool) -> None:
        self.now = NOON.timestamp()
        self.is_synced = synced

    def clock(self, keeps_pace: bool) -> MediaClock:
        return MediaClock(keeps_pace, lambda: self.now, lambda: self.is_synced)


def test_wall_time_is_that_of_the_first_frame_plus_media_time() -> None:
    clock = World(synced=True).clock(keeps_pace=False)
    clock.start(0.0)
    assert clock.wall(61.5) == datetime(2026, 1, 2, 12, 1, 1, 500_000, UTC)


def test_the_clock_is_as_synced_as_the_system_was_at_the_first_frame() -> None:
    world = World(synced=False)
    clock = world.clock(keeps_pace=False)
    clock.start(0.0)
    world.is_synced = True
    clock.renew(1.0)
    assert not clock.synced


def test_a_live_source_is_tied_again_once_the_system_s_clock_is_synced() -> None:
    world = World(synced=False)
    clock = world.clock(keeps_pace=True)
    clock.start(0.0)
    world.is_synced = True
    world.now += 3600 + 10
    clock.renew(10.0)
    assert clock.synced
    assert clock.wall(10.0) == datetime(2026, 1, 2, 13, 0, 10, tzinfo=UTC)


def test_a_synced_clock_is_never_tied_again() -> None:
    world = World(synced=True)
    clock = world.clock(keeps_pace=True)
    clock.start(0.0)
    world.now += 3600
    clock.renew(10.0)
    assert clock.wall(0.0) == NOON


def test_the_system_answers_whether_its_clock_is_synced() -> None:
    assert clock_synced() in (True, False)
