import pytest

from ocrgan_edge.service.progress import Progress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    progress = Progress(clock)
    progress.expect("camera door", within=10)
    return progress


def test_a_part_hangs_once_its_limit_has_passed(clock: Clock, progress: Progress) -> None:
    clock.now += 10
    assert progress.hanging() == {}
    clock.now += 0.5
    assert progress.hanging() == {"camera door": 10.5}


def test_a_part_that_gets_on_in_time_never_hangs(clock: Clock, progress: Progress) -> None:
    for _ in range(5):
        clock.now += 9
        progress.made("camera door")
    assert progress.hanging() == {}


def test_a_part_at_rest_does_not_hang(clock: Clock, progress: Progress) -> None:
    progress.rest("camera door")
    clock.now += 1000
    assert progress.hanging() == {}
    assert progress.ages() == {"camera door": 0.0}


def test_a_part_that_takes_up_work_is_watched_again(clock: Clock, progress: Progress) -> None:
    progress.rest("camera door")
    clock.now += 1000
    with progress.work("camera door"):
        clock.now += 11
        assert progress.hanging() == {"camera door": 11}
    assert progress.hanging() == {}


def test_a_part_that_is_gone_is_not_missed(clock: Clock, progress: Progress) -> None:
    progress.forget("camera door")
    progress.made("camera door")
    clock.now += 100
    assert progress.ages() == {}


def test_one_part_s_progress_is_not_another_s(clock: Clock, progress: Progress) -> None:
    progress.expect("publisher", within=30)
    clock.now += 20
    progress.made("publisher")
    assert progress.hanging() == {"camera door": 20}
