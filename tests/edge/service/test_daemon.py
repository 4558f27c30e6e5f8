"""The daemon in this process: signals come from a second thread, as from systemd."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import wait_until

from ocrgan_edge.errors import BrokerError, OcrganError, SettingsError, SourceError
from ocrgan_edge.service.daemon import Daemon, Manner
from ocrgan_edge.service.settings.models import Settings


class Manager:
    """Hears what the daemon tells systemd, and sends it signals."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[str] = []
        self.address = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while message := self._socket.recv(4096):
            self.heard += [line for line in message.decode().splitlines() if "STATUS" not in line]

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bye:
            bye.sendto(b"", self.address)
        self._thread.join()
        self._socket.close()

    def wait_for(self, words: list[str]) -> None:
        """Waits until these have been said, each after the one before."""
        wait_until(lambda: self._said(words), what=f"{words} among {self.heard}")

    def _said(self, words: list[str]) -> bool:
        heard = iter(list(self.heard))
        return all(word in heard for word in words)


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = Manager(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", made.address)
    yield made
    made.close()


class File:
    """Stands for the file of settings: what is in it now, or what is wrong with it."""

    def __init__(self, now: Settings | OcrganError) -> None:
        self.now = now

    def read(self) -> Settings:
        if isinstance(self.now, OcrganError):
            raise self.now
        return self.now


def hang_up() -> None:
    os.kill(os.getpid(), signal.SIGHUP)


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def run(file: File, script: Callable[[], None], patient: bool = False) -> int:
    """Runs the daemon while the script is played; a script that fails fails the test."""
    failures: list[BaseException] = []

    def play() -> None:
        try:
            script()
        except BaseException as failure:
            failures.append(failure)
        finally:
            terminate()

    daemon = Daemon(file.read, Manner(patient=patient))
    player = threading.Thread(target=play)
    # Signals may come when the daemon has ended by itself.
    before = {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGHUP, signal.SIGTERM)}
    player.start()
    try:
        return daemon.run()
    finally:
        player.join()
        for number, handler in before.items():
            signal.signal(number, handler)
        if failures:
            raise failures[0]


class TestEnd:
    def test_it_ends_with_code_0_when_all_recordings_have(self, settings) -> None:
        file = File(settings({"door": {"loop": False, "realtime": False}}))
        assert Daemon(file.read, Manner()).run() == 0

    def test_a_recording_that_breaks_off_is_its_error(self, settings, video: Path) -> None:
        os.truncate(video, video.stat().st_size // 2)
        file = File(settings({"door": {"loop": False, "realtime": False}}))
        with pytest.raises(SourceError, match="is broken: it ends after"):
            Daemon(file.read, Manner()).run()

    def test_one_broken_recording_does_not_end_the_others_and_is_told_at_once(
        self, settings, video: Path, tmp_path: Path, caplog
    ) -> None:
        half = tmp_path / "half.avi"
        half.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
        file = File(
            settings({"door": {"source": str(half), "loop": False, "realtime": False}, "yard": {}})
        )

        def script() -> None:
            wait_until(lambda: "door is given up: " in caplog.text, what="the error")

        assert run(file, script) == 0

    def test_ctrl_c_is_a_clean_stop_with_code_130(self, settings, manager: Manager) -> None:
        daemon = Daemon(File(settings({"door": {}})).read, Manner())
        interrupt = threading.Thread(
            target=lambda: (manager.wait_for(["READY=1"]), os.kill(os.getpid(), signal.SIGINT))
        )
        interrupt.start()
        assert daemon.run() == 130
        interrupt.join()
        manager.wait_for(["READY=1", "STOPPING=1"])

    def test_signals_do_afterwards_what_they_did_before(self, settings) -> None:
        before = {n: signal.getsignal(n) for n in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)}
        file = File(settings({"door": {"loop": False, "realtime": False}}))
        Daemon(file.read, Manner()).run()
        assert {number: signal.getsignal(number) for number in before} == before


class TestStart:
    def test_wrong_settings_are_its_error_before_anything_is_begun(self) -> None:
        with pytest.raises(SettingsError, match="nothing but nonsense"):
            Daemon(File(SettingsError("nothing but nonsense")).read, Manner())

    def test_a_camera_that_is_not_there_is_its_error(self, settings) -> None:
        file = File(settings({"door": {"source": "77", "realtime": False, "loop": False}}))
        with pytest.raises(SourceError, match="there is no camera"):
            Daemon(file.read, Manner()).run()

    def test_a_patient_daemon_waits_for_it_and_is_ready(
        self, settings, manager: Manager, caplog
    ) -> None:
        caplog.set_level("INFO")
        file = File(settings({"door": {"source": "77", "realtime": False, "loop": False}}))
        assert run(file, lambda: manager.wait_for(["READY=1"]), patient=True) == 0
        assert "door: camera 77 (/dev/video77)" in caplog.text


@pytest.mark.slow
class TestReload:
    @pytest.fixture(autouse=True)
    def logged(self, caplog) -> None:
        caplog.set_level("INFO")

    def test_systemd_is_told_of_it(self, settings, manager: Manager) -> None:
        def script() -> None:
            manager.wait_for(["READY=1"])
            hang_up()
            manager.wait_for(["READY=1", "RELOADING=1", "READY=1"])

        assert run(File(settings({"door": {}})), script) == 0
        manager.wait_for(["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"])

    @pytest.mark.parametrize(
        "wrong",
        [
            SettingsError("edge.toml:3: hopp"),
            {"door": {"source": "nowhere.mp4"}},
            {"door": {"hop": 99}},
            {"door": {}, "yard": {"bundle": "nowhere.ocrgan"}},
        ],
    )
    def test_wrong_settings_change_nothing(
        self, settings, manager: Manager, capsys, caplog, wrong
    ) -> None:
        file = File(settings({"door": {"cool_down": 60}}))

        def script() -> None:
            wait_until(lambda: "door: anomaly since" in caplog.text, what="an event")
            file.now = wrong if isinstance(wrong, SettingsError) else settings(wrong)
            hang_up()
            manager.wait_for(["READY=1", "RELOADING=1", "READY=1"])
            assert "stay as they were" in caplog.text

        assert run(file, script) == 0
        types = [line.split('"type":"')[1][:3] for line in capsys.readouterr().out.splitlines()]
        assert types.count("new") == 1  # one event through the reload, until the stop

    def test_cameras_come_and_go(self, settings, manager: Manager, caplog) -> None:
        file = File(settings({"door": {}}))

        def script() -> None:
            manager.wait_for(["READY=1"])
            file.now = settings({"yard": {}})
            hang_up()
            wait_until(lambda: "yard is online" in caplog.text, what="the yard")
            wait_until(lambda: "door is offline" in caplog.text, what="no door any more")
            assert "yard is offline" not in caplog.text

        assert run(file, script) == 0

    def test_what_all_cameras_share_needs_another_node(
        self, settings, manager: Manager, caplog
    ) -> None:
        file = File(settings({"door": {}}))

        def script() -> None:
            manager.wait_for(["READY=1"])
            file.now = settings({"door": {}}, threads=1)
            hang_up()
            manager.wait_for(["READY=1", "RELOADING=1", "READY=1"])
            assert "new settings of threads: starting anew" in caplog.text
            wait_until(lambda: caplog.text.count("door is online") == 2, what="the door again")

        assert run(file, script) == 0
        assert manager.heard.count("STOPPING=1") == 1

    def test_a_node_that_cannot_be_begun_gives_way_to_the_one_before(
        self, settings, manager: Manager, caplog
    ) -> None:
        file = File(settings({"door": {}}))

        def script() -> None:
            manager.wait_for(["READY=1"])
            file.now = settings({"door": {"hop": 99}}, threads=1)
            hang_up()
            manager.wait_for(["READY=1", "RELOADING=1", "READY=1"])
            assert "the new settings cannot be used, the old ones are" in caplog.text
            wait_until(lambda: caplog.text.count("door is online") == 2, what="the door again")
            file.now = settings({"door": {"hop": 2}})
            hang_up()
            wait_until(lambda: "every 2 frames" in caplog.text, what="a good reload")

        assert run(file, script) == 0


@pytest.mark.slow
class TestRefused:
    @pytest.fixture
    def closed(self, make_mosquitto):
        return make_mosquitto("allow_anonymous false")

    def test_a_broker_that_refuses_from_the_start_is_its_error(self, settings, closed) -> None:
        file = File(settings({"door": {}}, mqtt={"url": closed.url}))
        with pytest.raises(BrokerError, match="refuses a client without a user name"):
            Daemon(file.read, Manner()).run()

    def test_a_broker_that_refuses_a_new_node_leaves_the_old_one(
        self, settings, closed, manager: Manager, caplog
    ) -> None:
        # The broker is started first: it, too, would tell systemd that it is ready.
        caplog.set_level("INFO")
        file = File(settings({"door": {}}))

        def script() -> None:
            manager.wait_for(["READY=1"])
            file.now = settings({"door": {}}, mqtt={"url": closed.url})
            hang_up()
            refused = "the old ones are: broker"
            wait_until(lambda: refused in caplog.text, what="refused")
            # Whether the new node had a picture before it was refused is a matter of luck.
            wait_until(
                lambda: "door is online" in caplog.text.partition(refused)[2], what="the old node"
            )

        assert run(file, script) == 0
