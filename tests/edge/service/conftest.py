from __future__ import annotations

import queue
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfile

import numpy as np
import pytest

from ocrgan_edge.alerts.event import Event, ScoreMessage
from ocrgan_edge.alerts.evidence.camera import CameraEvidence
from ocrgan_edge.alerts.messages import StatusMessage
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.runtime.scorer import WindowScore
from ocrgan_edge.runtime.scoring import ScoredWindow
from ocrgan_edge.service.camera_stats import CameraStats
from ocrgan_edge.service.crew import Crew, Pace
from ocrgan_edge.service.loaded_model import Budget, LoadedModel
from ocrgan_edge.service.node import Node
from ocrgan_edge.service.outlet import Start
from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.scheduler import Scheduler
from ocrgan_edge.service.settings.camera import CameraSettings
from ocrgan_edge.service.settings.models import Settings
from ocrgan_edge.service.view import configured_view
from ocrgan_edge.service.voice import Voice
from ocrgan_edge.service.watch import Watch
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.source import Source


class Record:
    """A publisher that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.states: list[tuple[str, str | bytes]] = []
        self.once: list[tuple[str, str]] = []

    def publish_event(self, event: Event) -> None:
        self.events.append(event)

    def publish_state(self, topic: str, payload: str | bytes, qos: int = 1) -> None:
        self.states.append((topic, payload))

    def publish_once(self, topic: str, payload: str) -> None:
        self.once.append((topic, payload))

    @property
    def anomaly(self) -> list[bool]:
        return [payload == "ON" for topic, payload in self.states if topic.endswith("anomaly")]

    @property
    def scores(self) -> list[ScoreMessage]:
        return [
            ScoreMessage.model_validate_json(payload)
            for topic, payload in self.states
            if topic.endswith("score")
        ]

    @property
    def statuses(self) -> list[StatusMessage]:
        return [
            StatusMessage.model_validate_json(payload)
            for topic, payload in self.states
            if topic.endswith("status") and payload
        ]

    @property
    def reasons(self) -> list[str | None]:
        """Why events ended."""
        return [event.after.end_reason for event in self.events if event.type == "end"]

    def close(self, clean: bool = True) -> None: ...


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
def make_windows() -> Callable[..., list[ScoredWindow]]:
    """Gives one window per score, 0.5 s apart, unusual in the picture's upper left quarter."""

    def window(number: int, score: float) -> ScoredWindow:
        anomaly_map = np.zeros((4, 2, 2), np.float32)
        anomaly_map[:, 0, 0] = score
        result = WindowScore(
            score=score,
            frame_scores=anomaly_map.max(axis=(1, 2)),
            anomaly_map=anomaly_map,
            shares=np.array([0.125, 0.125, 0.75, 0, 0], np.float32),
            seed=0.0,
            terms=np.zeros((5, 4, 2, 2), np.float32),
        )
        return ScoredWindow(end=number * 5, at=number * 0.5, result=result)

    def make(*scores: float) -> list[ScoredWindow]:
        return [window(number, score) for number, score in enumerate(scores)]

    return make


class Hose:
    """Gives pictures by hand, in which something moves; each waits for its turn, none is lost."""

    name = "hose"
    frames_per_second = 10.0
    live = False
    length: int | None = None

    def __init__(self) -> None:
        self._given: queue.SimpleQueue[Frame | Exception | None] = queue.SimpleQueue()
        self._index = 0

    def give(self, frames: int, at: float = 0.0) -> None:
        """So many more pictures, 0.1 s apart, the first at `at` or after the one before."""
        self._index = max(self._index, round(at * 10))
        for _ in range(frames):
            image = np.full((64, 64, 3), 100, np.uint8)
            left = self._index * 7 % 50
            image[20:40, left : left + 14] = 255
            self._given.put(Frame(image, self._index, self._index / 10))
            self._index += 1

    def fail(self, error: Exception) -> None:
        self._given.put(error)

    def read(self) -> Frame | None:
        given = self._given.get()
        if isinstance(given, Exception):
            raise given
        return given

    def close(self) -> None:
        self._given.put(None)


@pytest.fixture
def hose() -> Hose:
    return Hose()


@pytest.fixture
def make_hose() -> type[Hose]:
    return Hose


@pytest.fixture(scope="session")
def model(tiny_bundle: Path) -> LoadedModel:
    return LoadedModel(open_bundle(tiny_bundle), "onnx-fp32", Budget(workers=1, threads=1))


@pytest.fixture
def other_bundle(tmp_path: Path, tiny_bundle: Path) -> Path:
    """A bundle that is another file with the same graphs."""
    path = tmp_path / "other.ocrgan"
    copyfile(tiny_bundle, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"another"
    return path


@pytest.fixture
def progress() -> Progress:
    return Progress()


@pytest.fixture
def make_watch(
    record: Record, model: LoadedModel, progress: Progress
) -> Iterator[Callable[..., Watch]]:
    """Watches a source as camera `door`, with these settings of a camera."""
    scheduler = Scheduler(1, progress=progress)
    made: list[Watch] = []

    def make(
        source: Source, publisher: object = record, scores: object = None, **settings: object
    ) -> Watch:
        camera = CameraSettings.model_validate({"source": "0", "bundle": "b.ocrgan"} | settings)
        view = configured_view(camera, model)
        crew = Crew(
            scheduler=scheduler,
            progress=progress,
            stats=CameraStats(view.hop),
            voice=Voice(publisher, Topics("ocrgan", "attic"), "door"),
            evidence=CameraEvidence("door", None),
            scores=scores,
        )
        pace = Pace(source.live or camera.realtime, 0.0, camera.update_interval)
        made.append(Watch("door", view, crew, pace))
        made[-1].start(source)
        return made[-1]

    yield make
    for watch in made:
        watch.stop("stopped")
    scheduler.close()


@pytest.fixture
def video(write_video: Callable[..., Path]) -> Path:
    return write_video(20, 0.5, 20)


@pytest.fixture
def settings(video: Path, tiny_bundle: Path) -> Callable[..., Settings]:
    """Of a node with cameras that show the same recording in real time, over and over."""

    def make(cameras: dict[str, dict[str, object]], **node: object) -> Settings:
        camera = {
            "source": str(video),
            "bundle": tiny_bundle,
            "target": "onnx-fp32",
            "realtime": True,
            "loop": True,
        }
        tables = {name: camera | own for name, own in cameras.items()}
        return Settings.model_validate({"node": "attic", "camera": tables} | node)

    return make


@pytest.fixture
def make_node(settings) -> Iterator[Callable[..., Node]]:
    made: list[Node] = []

    def make(cameras: dict[str, dict[str, object]], **node: object) -> Node:
        start = Start(
            patient=False,
            scores=None,
            environment={},
            on_refused=lambda error: None,
            progress=Progress(),
        )
        made.append(Node(settings(cameras, **node), start))
        return made[-1]

    yield make
    for node in made:
        node.close(clean=True)
