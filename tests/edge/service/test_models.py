import os
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ocrgan_edge.alerts.command_value import CommandError
from ocrgan_edge.alerts.messages import ModelMessage
from ocrgan_edge.bundle import Bundle, open_bundle
from ocrgan_edge.errors import BundleError
from ocrgan_edge.service.models import Installer, check_model, offered
from ocrgan_edge.signature import sign_bundle

TARGETS = ("onnx-fp32",)


@pytest.fixture
def folder(tmp_path: Path, tiny_bundle: Path) -> Path:
    """A models folder with one model."""
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(tiny_bundle, models / "new.ocrgan")
    return models


class Cameras:
    """What the cameras were told to use, and what was said about it."""

    def __init__(self, folder: Path | None, in_use: Bundle | None) -> None:
        self.said: list[ModelMessage] = []
        self.told: list[Bundle | None] = []
        self.refuse: Exception | None = None
        self.installer = Installer(folder, in_use, self.said.append)

    def switch(self, bundle: Bundle | None) -> None:
        self.told.append(bundle)
        if self.refuse and bundle is not self.installer.in_use:
            raise self.refuse

    def install(self, name: str) -> Bundle | None:
        return self.installer.install(name, self.switch, TARGETS)

    @property
    def states(self) -> list[str]:
        return [message.state for message in self.said]


@pytest.fixture
def old(tmp_path: Path, tiny_bundle: Path) -> Bundle:
    shutil.copy(tiny_bundle, tmp_path / "old.ocrgan")
    return open_bundle(tmp_path / "old.ocrgan")


def test_what_lies_in_the_folder_is_offered_the_newest_first(folder: Path) -> None:
    for name, at in (("b.ocrgan", 20), ("a.ocrgan", 10), ("new.ocrgan", 30), ("no.zip", 40)):
        (folder / name).touch()
        os.utime(folder / name, (at, at))
    (folder / "folder.ocrgan").mkdir()
    (folder / ".hidden.ocrgan").touch()
    assert offered(folder) == ("new.ocrgan", "b.ocrgan", "a.ocrgan")


def test_nothing_is_offered_without_a_folder(tmp_path: Path) -> None:
    assert offered(None) == offered(tmp_path / "gone") == ()


def test_a_good_model_is_checked_and_opened(folder: Path, tiny_bundle: Path) -> None:
    assert check_model(folder, "new.ocrgan", TARGETS).sha256 == open_bundle(tiny_bundle).sha256


def test_the_file_may_go_after_the_check(folder: Path) -> None:
    bundle = check_model(folder, "new.ocrgan", TARGETS)
    (folder / "new.ocrgan").unlink()
    assert bundle.member("golden.npz")


def test_without_a_folder_nothing_is_installed() -> None:
    with pytest.raises(CommandError, match="there is no models folder in the settings"):
        check_model(None, "new.ocrgan")


def test_a_path_out_of_the_folder_is_refused(folder: Path, old: Bundle) -> None:
    for name in ("../old.ocrgan", str(old.path), "..", "sub/../new.ocrgan"):
        with pytest.raises(CommandError, match="must be the file name of a bundle"):
            check_model(folder, name)


def test_a_link_out_of_the_folder_is_refused_and_not_offered(folder: Path, old: Bundle) -> None:
    (folder / "link.ocrgan").symlink_to(old.path)
    assert offered(folder) == ("new.ocrgan",)
    with pytest.raises(CommandError, match="'link.ocrgan', but must be a file that lies in"):
        check_model(folder, "link.ocrgan")


def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    (folder / "newest.ocrgan").symlink_to("new.ocrgan")
    assert check_model(folder, "newest.ocrgan", TARGETS).manifest.name == "tiny"


def test_a_linked_folder_is_as_good_as_the_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert offered(tmp_path / "link") == ("new.ocrgan",)
    assert check_model(tmp_path / "link", "new.ocrgan", TARGETS)


def test_what_is_no_plain_file_is_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.ocrgan")
    (folder / "loop.ocrgan").symlink_to("loop.ocrgan")
    (folder / "folder.ocrgan").mkdir()
    for name in ("pipe.ocrgan", "loop.ocrgan", "folder.ocrgan", "gone.ocrgan"):
        with pytest.raises(CommandError, match="must be a file that lies in"):
            check_model(folder, name)
    assert offered(folder) == ("new.ocrgan",)


def test_a_target_that_a_camera_wants_must_be_there(folder: Path) -> None:
    with pytest.raises(BundleError, match="has no target 'npu'"):
        check_model(folder, "new.ocrgan", ("onnx-fp32", "npu"))


def test_an_installed_model_is_said_step_by_step(folder: Path, old: Bundle) -> None:
    cameras = Cameras(folder, old)
    bundle = cameras.install("new.ocrgan")
    assert bundle is not None
    assert cameras.told == [bundle]
    assert cameras.installer.in_use is bundle
    assert [(said.installed, said.state) for said in cameras.said] == [
        ("old.ocrgan", "ok"),
        ("old.ocrgan", "installing"),
        ("new.ocrgan", "ok"),
    ]
    assert cameras.said[-1].sha256 == bundle.sha256
    assert cameras.said[-1].offered == ("new.ocrgan",)


def test_a_refused_model_leaves_the_old_one_running(folder: Path, old: Bundle) -> None:
    (folder / "bad.ocrgan").write_bytes(b"hello")
    cameras = Cameras(folder, old)
    assert cameras.install("bad.ocrgan") is None
    assert cameras.told == []
    assert cameras.installer.in_use is old
    last = cameras.said[-1]
    assert (last.installed, last.state) == ("old.ocrgan", "failed")
    assert "cannot be read" in str(last.message)


@pytest.mark.parametrize("error", [BundleError("no such grid"), RuntimeError("no such\ngrid")])
def test_a_switch_that_fails_is_rolled_back(folder: Path, old: Bundle, error: Exception) -> None:
    cameras = Cameras(folder, old)
    cameras.refuse = error
    assert cameras.install("new.ocrgan") is None
    assert [bundle is old for bundle in cameras.told] == [False, True]
    assert cameras.installer.in_use is old
    assert cameras.states == ["ok", "installing", "failed"]
    assert "the cameras cannot use" in str(cameras.said[-1].message)
    assert "\n" not in str(cameras.said[-1].message)


def test_cameras_with_models_of_their_own_go_back_to_them(folder: Path) -> None:
    cameras = Cameras(folder, None)
    cameras.refuse = BundleError("no")
    cameras.install("new.ocrgan")
    assert cameras.told[1] is None
    assert (cameras.said[-1].installed, cameras.said[-1].sha256) == (None, None)


def test_a_second_installation_waits_for_no_one(folder: Path, old: Bundle) -> None:
    cameras = Cameras(folder, old)

    def install_another(bundle: Bundle | None) -> None:
        with pytest.raises(CommandError, match="another one is still being installed"):
            cameras.install("new.ocrgan")

    assert cameras.installer.install("new.ocrgan", install_another, TARGETS)
    assert cameras.install("new.ocrgan")


def test_a_model_that_is_copied_there_is_offered(folder: Path, old: Bundle) -> None:
    cameras = Cameras(folder, old)
    assert not cameras.installer.look_again()
    shutil.copy(folder / "new.ocrgan", folder / "newer.ocrgan")
    assert cameras.installer.look_again()
    assert cameras.said[-1].offered == ("newer.ocrgan", "new.ocrgan")
    assert not cameras.installer.look_again()


def test_a_model_that_no_trusted_key_has_signed_is_not_installed(
    folder: Path, old: Bundle, tmp_path: Path
) -> None:
    keys = tmp_path / "shop.pem"
    key = Ed25519PrivateKey.generate()
    keys.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    said: list[ModelMessage] = []
    installer = Installer(folder, old, said.append, keys)
    assert installer.install("new.ocrgan", lambda bundle: None, TARGETS) is None
    assert said[-1].state == "failed"
    assert f"is not signed, wanted a signature by {keys}" in (said[-1].message or "")
    sign_bundle(folder / "new.ocrgan", key)
    assert installer.install("new.ocrgan", lambda bundle: None, TARGETS) is not None
    assert said[-1].state == "ok"
