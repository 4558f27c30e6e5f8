from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ocrgan_edge.service.settings.check import check, summary
from ocrgan_edge.service.settings.load import load


@pytest.fixture
def problems(tiny_bundle: Path) -> Any:
    """Gives what is wrong with one camera and these options."""

    def problems(variables: dict[str, str] | None = None, **options: Any) -> list[str]:
        given = {"camera": "0", "bundle": tiny_bundle, **options}
        return check(load(None, given, variables or {}), variables or {})

    return problems


def test_a_good_camera_has_no_problems(problems: Any) -> None:
    assert problems() == []


@pytest.mark.parametrize("source", ["0", "/dev/video9", "rtsp://10.0.0.7/1", "scene"])
def test_cameras_and_streams_are_not_tried(problems: Any, source: str) -> None:
    assert problems(camera=source) == []


def test_files_must_be_there(problems: Any, tmp_path: Path) -> None:
    missing = tmp_path / "none"
    said = problems(camera=str(missing), bundle=missing, mqtt="mqtts://hub", mqtt_ca=missing)
    assert said == [
        f"--mqtt-ca: mqtt.ca_file: there is no file {missing}",
        f"--camera: camera.camera.source: there is no file or folder {missing}",
        f"--bundle: camera.camera.bundle: there is no bundle at {missing}",
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"camera": "rstp://me@10.0.0.7"}, "rstp:// is none of rtsp, rtsps, http, https, rtmp, "
         "rtp, srt, tcp, udp"),
        ({"camera": "rtsp://10.0.0.7/1", "fps": 5.0}, "rtsp://10.0.0.7/1 has its own frame rate: "
         "--fps is for recordings and cameras"),
        ({"camera": "scene:sead=3"}, "a scene has no 'sead=3': wanted are settings as seed=3 "),
    ],
)  # fmt: skip
def test_sources_must_be_of_a_known_kind(
    problems: Any, options: dict[str, Any], sentence: str
) -> None:
    (said,) = problems(**options)
    assert said.startswith(f"--camera: camera.camera.source: {sentence}")


def test_bundles_are_opened(problems: Any, tiny_bundle: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.ocrgan"
    broken.write_bytes(tiny_bundle.read_bytes()[:-100])
    (said,) = problems(bundle=broken)
    assert said.startswith("--bundle: camera.camera.bundle: ")
    assert str(broken) in said


def test_hop_and_target_must_go_with_the_bundle(problems: Any) -> None:
    said = problems(hop=9, target="int9")
    assert said[0] == "--hop: camera.camera.hop: hop is 9, but a window has 8 frames only"
    assert "has no target 'int9'; it has" in said[1]


def test_zones_must_leave_something_to_watch(tiny_bundle: Path, tmp_path: Path) -> None:
    file = tmp_path / "edge.toml"
    file.write_text(
        f'[camera.door]\nsource = "0"\nbundle = "{tiny_bundle}"\n'
        '[[camera.door.zones]]\nname = "all"\nkind = "ignore"\n'
        "points = [[0, 0], [1, 0], [1, 1], [0, 1]]"
    )
    (said,) = check(load(file, {}, {}), {})
    assert said.startswith(f"{file}:4: camera.door.zones: zones all leave no place")


def test_passwords_must_be_readable_and_have_a_user(problems: Any, tmp_path: Path) -> None:
    missing = tmp_path / "none"
    (said,) = problems(mqtt="mqtt://me@hub", mqtt_password_file=missing)
    assert said.startswith("--mqtt-password-file: mqtt.password_file: password file ")
    (said,) = problems({"OCRGAN_MQTT_PASSWORD": "p"}, mqtt="mqtt://hub")
    assert said.startswith("--mqtt: mqtt.url: there is a password but no user")
    (said,) = problems({"OCRGAN_CAMERA_CAMERA_PASSWORD": "p"})
    assert said.startswith("--camera: camera.camera.source: camera.camera has a password but no")


def test_folders_must_be_folders(problems: Any, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert problems(state_folder=tmp_path / "not yet") == []
    assert problems(state_folder=file) == [f"--state-folder: state_folder: {file} is no folder"]
    missing = tmp_path / "none"
    said = problems(models_folder=missing)
    assert said == [f"--models-folder: models_folder: {missing} is no folder"]


def test_trusted_keys_must_be_keys_and_must_have_signed_the_bundle(
    problems: Any, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.pem"
    keys.write_text("none")
    said = problems(trusted_keys=keys)
    wanted = "must hold Ed25519 public keys (PEM) and nothing else"
    assert said == [f"--trusted-keys: trusted_keys: {keys} {wanted}"]
    public = Ed25519PrivateKey.generate().public_key()
    keys.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (said_of_the_camera,) = problems(trusted_keys=keys)
    assert said_of_the_camera.endswith(f"is not signed, wanted a signature by {keys}")


def test_the_summary_has_a_line_for_each_camera() -> None:
    options = {"camera": "rtsp://me:geheim@10.0.0.7/1", "bundle": Path("b"), "name": "door"}
    assert summary(load(None, options, {}).settings) == ["door: rtsp://me:***@10.0.0.7/1 through b"]
