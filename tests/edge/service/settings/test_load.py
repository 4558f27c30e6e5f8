from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ocrgan_edge.errors import SettingsError
from ocrgan_edge.service.settings.load import Loaded, load
from ocrgan_edge.service.settings.models import Settings

FILE = """
node = "attic"
[mqtt]
url = "mqtt://hub"
[camera_defaults]
bundle = "any.ocrgan"
cool_down = 7
[camera.door]
source = "rtsp://10.0.0.7/1"
hop = 4
[camera."back yard"]
source = "films/yard.mp4"
cool_down = 3
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Loaded]:
    """Gives the settings of a file with this text, of options and of variables."""

    def read(text: str, variables: dict[str, str] | None = None, **options: Any) -> Loaded:
        file = tmp_path / "edge.toml"
        file.write_text(text)
        return load(file, options, variables or {})

    return read


def loaded(variables: dict[str, str] | None = None, **options: Any) -> Settings:
    """Settings without a file."""
    return load(None, options, variables or {}).settings


def complaint(variables: dict[str, str] | None = None, **options: Any) -> str:
    with pytest.raises(SettingsError) as refused:
        loaded(variables, **options)
    return str(refused.value)


def test_two_options_make_a_camera_with_defaults() -> None:
    settings = loaded(camera="0", bundle=Path("door.ocrgan"))
    camera = settings.cameras["camera"]
    assert (camera.source, camera.bundle, camera.hop) == ("0", Path("door.ocrgan"), None)
    assert (camera.cool_down, camera.sensitivity_factor, camera.zones) == (2.0, 1.0, ())
    assert (settings.prefix, settings.mqtt, settings.outbox.messages) == ("ocrgan", None, 100_000)


def test_the_file_overrides_defaults(read: Callable[..., Loaded]) -> None:
    settings = read(FILE).settings
    assert (settings.node, settings.cameras["door"].hop) == ("attic", 4)


def test_the_environment_overrides_the_file(read: Callable[..., Loaded]) -> None:
    settings = read(FILE, {"OCRGAN_NODE": "cellar", "OCRGAN_CAMERA__DOOR__HOP": "5"}).settings
    assert (settings.node, settings.cameras["door"].hop) == ("cellar", 5)
    assert settings.mqtt is not None
    assert settings.mqtt.url == "mqtt://hub"


def test_the_command_line_overrides_the_environment(read: Callable[..., Loaded]) -> None:
    variables = {"OCRGAN_NODE": "cellar", "OCRGAN_CAMERA__DOOR__HOP": "5"}
    settings = read(FILE, variables, node="roof", name="door", hop=6).settings
    assert (settings.node, settings.cameras["door"].hop) == ("roof", 6)


def test_what_cameras_share_is_weaker_than_their_own(read: Callable[..., Loaded]) -> None:
    cameras = read(FILE, {"OCRGAN_CAMERA_DEFAULTS__COOL_DOWN": "9"}).settings.cameras
    assert (cameras["door"].cool_down, cameras["back yard"].cool_down) == (9, 3)


def test_paths_in_a_file_begin_at_its_folder(read: Callable[..., Loaded], tmp_path: Path) -> None:
    cameras = read(FILE, name="door", bundle=Path("mine.ocrgan")).settings.cameras
    assert cameras["back yard"].source == str(tmp_path / "films/yard.mp4")
    assert cameras["back yard"].bundle == tmp_path / "any.ocrgan"
    assert cameras["door"].bundle == Path("mine.ocrgan")


@pytest.mark.parametrize(
    "source",
    ["0", "rtsp://10.0.0.7/1", "scene", "scene:seed=3", "picamera", "picamera:0", "/dev/video0"],
)
def test_what_is_no_path_stays_as_it_is(read: Callable[..., Loaded], source: str) -> None:
    settings = read(f'[camera.door]\nsource = "{source}"\nbundle = "b"').settings
    assert settings.cameras["door"].source == source


def test_options_mean_the_only_camera(read: Callable[..., Loaded]) -> None:
    settings = read('[camera.door]\nsource = "0"\nbundle = "b"', sensitivity="1.5").settings
    assert settings.cameras["door"].sensitivity_factor == 1.5


def test_options_mean_the_named_camera_or_a_new_one(read: Callable[..., Loaded]) -> None:
    cameras = read(FILE, name="roof", camera="1").settings.cameras
    assert (sorted(cameras), cameras["roof"].source) == (["back yard", "door", "roof"], "1")


def test_options_that_could_mean_several_cameras_are_refused(
    read: Callable[..., Loaded],
) -> None:
    with pytest.raises(SettingsError) as refused:
        read(FILE, hop=3)
    assert str(refused.value) == "--hop could mean any camera of back yard, door: add --name"


def test_options_that_were_not_given_change_nothing(read: Callable[..., Loaded]) -> None:
    assert read(FILE, node=None, json_logs=False, name=None).settings == read(FILE).settings


def test_zero_is_a_value() -> None:
    assert loaded(camera="0", bundle=Path("b"), cool_down=0.0).cameras["camera"].cool_down == 0
    said = complaint(camera="0", bundle=Path("b"), hop=0)
    wanted = "a whole number of frames, 1 or more"
    assert said == f"--hop: camera.camera.hop is 0, but must be {wanted}"


def test_variables_alone_make_a_camera() -> None:
    variables = {
        "OCRGAN_CAMERA__DOOR__SOURCE": "0",
        "OCRGAN_CAMERA__DOOR__BUNDLE": "door.ocrgan",
        "OCRGAN_CAMERA__DOOR__REALTIME": "true",
        "OCRGAN_CAMERA__DOOR__SENSITIVITY": "high",
        "OCRGAN_CAMERA__DOOR__SCHEDULE": '["Sat,Sun"]',
        "OCRGAN_MQTT__URL": "mqtt://hub",
        "OCRGAN_MQTT__USER": "42",
        "OCRGAN_MQTT__VERSION": "5",
    }
    settings = loaded(variables)
    camera = settings.cameras["door"]
    assert (camera.source, camera.bundle, camera.realtime) == ("0", Path("door.ocrgan"), True)
    assert (camera.sensitivity_factor, camera.schedule) == (1.5, ("Sat,Sun",))
    assert settings.mqtt is not None
    assert (settings.mqtt.user, settings.mqtt.version) == ("42", "5")


def test_a_variable_finds_a_camera_by_its_letters(read: Callable[..., Loaded]) -> None:
    cameras = read(FILE, {"OCRGAN_CAMERA__BACK_YARD__HOP": "2"}).settings.cameras
    assert (sorted(cameras), cameras["back yard"].hop) == (["back yard", "door"], 2)


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        ("OCRGAN_NOED", "OCRGAN_NOED is no setting: did you mean OCRGAN_NODE?"),
        ("OCRGAN_MQTT__ULR", "OCRGAN_MQTT__ULR is no setting: did you mean OCRGAN_MQTT__URL?"),
        ("OCRGAN_MQTT", "OCRGAN_MQTT is no setting: did you mean OCRGAN_MQTT__URL?"),
        ("OCRGAN_CAMERA__DOOR__HUP",
         "OCRGAN_CAMERA__DOOR__HUP is no setting: did you mean OCRGAN_CAMERA__DOOR__HOP?"),
        ("OCRGAN_CAMERA_DOR_PASSWORD",
         "OCRGAN_CAMERA_DOR_PASSWORD is no setting: did you mean OCRGAN_CAMERA_DOOR_PASSWORD?"),
        ("OCRGAN_ZZZ__QQQ", "OCRGAN_ZZZ__QQQ is no setting"),
    ],
)  # fmt: skip
def test_a_variable_that_nobody_knows_is_refused(variable: str, sentence: str) -> None:
    assert complaint({variable: "x"}, camera="0", bundle=Path("b"), name="door") == sentence


@pytest.mark.parametrize(
    ("variable", "whom"),
    [
        ("OCRGAN_CAMERA__BACK_YARD__HOP", "any camera of back yard, back-yard"),
        ("OCRGAN_CAMERA_BACK_YARD_PASSWORD", "any of several cameras"),
    ],
)
def test_a_variable_that_fits_two_cameras_is_refused(
    read: Callable[..., Loaded], variable: str, whom: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read(FILE + '[camera.back-yard]\nsource = "1"', {variable: "3"})
    assert str(refused.value) == f"{variable} could mean {whom}"


@pytest.mark.parametrize(
    "variable",
    ["OCRGAN_MQTT_PASSWORD", "OCRGAN_CAMERA_DOOR_PASSWORD", "OCRGAN_DATA", "OCRGAN_FAULTS", "HOME"],
)
def test_variables_that_are_no_settings_are_let_be(variable: str) -> None:
    assert loaded({variable: "x"}, camera="0", bundle=Path("b"), name="door").cameras


def test_a_bad_variable_is_named_before_the_setting() -> None:
    said = complaint({"OCRGAN_THREADS": "many"}, camera="0", bundle=Path("b"))
    wanted = "a whole number between 1 and 256"
    assert said == f'OCRGAN_THREADS: threads is "many", but must be {wanted}'


def test_a_variable_cannot_smuggle_in_a_second_value() -> None:
    assert "OCRGAN_THREADS" in complaint({"OCRGAN_THREADS": "1\nx = 2"}, camera="0", bundle="b")


def test_systemd_says_where_the_state_lies_unless_somebody_else_does() -> None:
    variables = {"STATE_DIRECTORY": "/var/lib/ocrgan-edge:/var/lib/other"}
    options: dict[str, Any] = {"camera": "0", "bundle": Path("b")}
    assert loaded(variables, **options).state_folder == Path("/var/lib/ocrgan-edge")
    variables["OCRGAN_STATE_FOLDER"] = "/srv/state"
    assert loaded(variables, **options).state_folder == Path("/srv/state")


def test_a_missing_bundle_is_asked_for() -> None:
    said = complaint(camera="0")
    assert said == "--camera: camera.camera.bundle is missing: wanted is the path of a .ocrgan file"


def test_a_list_replaces_a_list(read: Callable[..., Loaded]) -> None:
    text = '[camera.door]\nsource = "0"\nbundle = "b"\nschedule = ["Sat", "Sun"]'
    camera = read(text, {"OCRGAN_CAMERA__DOOR__SCHEDULE": '["Mon"]'}).settings.cameras["door"]
    assert camera.schedule == ("Mon",)


def test_every_value_tells_where_it_comes_from(read: Callable[..., Loaded], tmp_path: Path) -> None:
    origins = read(FILE, {"OCRGAN_MQTT__USER": "me"}, name="door", hop=2).origins
    file = tmp_path / "edge.toml"
    assert origins["node",] == f"{file}:2"
    assert origins["mqtt", "user"] == "OCRGAN_MQTT__USER"
    assert origins["camera", "door", "hop"] == "--hop"
    assert origins["camera", "door", "cool_down"] == f"{file}:7"  # in [camera_defaults]
    assert ("prefix",) not in origins
