"""Every mistake in a file of settings is told with file, line and what was wanted."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrgan_edge.errors import SettingsError
from ocrgan_edge.service.settings.load import load

CAMERA = '[camera.door]\nsource = "0"\nbundle = "door.ocrgan"\n'
"""Lines 1 … 3 of what could be a good file."""

LEVEL = "a name for an MQTT topic: not empty, without / + # and control characters, no $ at first"
CORNERS = "three or more corners [x, y], each a share 0 … 1 of the picture's width and height"
ZONE = '[[camera.door.zones]]\nname = "path"\npoints = '

NOT_TOML = [
    ('node = "a"\nnode = "b"', "2: this key or table is there already"),
    (f"{CAMERA}[camera.door]\nhop = 2", "4: the table [camera.door] is there twice"),
    ("mqtt = 1\n[mqtt]", "2: this key or table is there already"),
    ("outbox = {messages = 10, messages = 11}", "1: the key messages is there twice"),
    ("node = “attic”", '1: the value is missing or not TOML: text stands in straight quotes "…", '
     "truth is true or false"),
    ("json_logs = True", '1: the value is missing or not TOML: text stands in straight quotes "…", '
     "truth is true or false"),
    ("node =\nprefix = 'x'", "1: the value is missing or not TOML: text stands in straight quotes "
     '"…", truth is true or false'),
    (f'{CAMERA}target = "int8\nhop = 2', "4: a quote is not closed"),
    (f"{CAMERA}target = '''int8\nhop = 2", "4: a quote is not closed"),
    (f'{CAMERA}schedule = [\n  "Sat",\nhop = 2', '6: the value is missing or not TOML: text '
     'stands in straight quotes "…", truth is true or false; it belongs to what begins on line 4'),
    (f"{CAMERA}schedule = [\n  1,\n", "4: a [ is not closed"),
    ("node", "1: a key needs = and a value"),
    ('# cameras\n[camera.door\nsource = "0"', "2: the name of the table needs a ] after it"),
    ('node = "a" prefix = "b"', "1: there is more on the line than one key and its value"),
    (r'node = "C:\door"', r"1: a \ in text must be written \\, or the text in single quotes '…'"),
]  # fmt: skip

BAD_VALUES = [
    ("hop = 0", "camera.door.hop is 0, but must be a whole number of frames, 1 or more"),
    ("hop = 2.5", "camera.door.hop is 2.5, but must be a whole number of frames, 1 or more"),
    ('hop = "4"', 'camera.door.hop is "4", but must be a whole number of frames, 1 or more'),
    ("hop = true", "camera.door.hop is true, but must be a whole number of frames, 1 or more"),
    ("fps = 0", "camera.door.fps is 0, but must be a number of frames per second above 0, at most "
     "1000"),
    ("fps = inf", "camera.door.fps is inf, but must be a number of frames per second above 0, at "
     "most 1000"),
    ("threshold = nan", "camera.door.threshold is nan, but must be a number"),
    ("threshold = 1979-05-27", "camera.door.threshold is 1979-05-27, but must be a number"),
    ('sensitivity = "hihg"', 'camera.door.sensitivity is "hihg", but must be "low", "medium", '
     '"high" or a number between 0.1 and 10'),
    ("sensitivity = 11", 'camera.door.sensitivity is 11, but must be "low", "medium", "high" or a '
     "number between 0.1 and 10"),
    ("cool_down = -1", "camera.door.cool_down is -1, but must be a number of seconds between 0 and "
     "3600"),
    ("enabled = 1", "camera.door.enabled is 1, but must be true or false"),
    ("target = 8", "camera.door.target is 8, but must be the name of one of the bundle's graphs, "
     'in quotes: "8"'),
    ("schedule = 'Sat'", 'camera.door.schedule is "Sat", but must be a list of times such as '
     '"22:00-06:00", "Mon-Fri 08:00-18:00" or "Sat,Sun"'),
    ("schedule = ['25:00-26:00']", "camera.door.schedule entry is '25:00-26:00', but must look "
     "like '22:00-06:00', 'Sat,Sun' or 'Mon-Fri 08:00-18:00'"),
    ("zones = [1]", "camera.door.zones[0] is 1, but must be a list of tables "
     "[[camera.NAME.zones]]"),
    ("treshold = 3", "[camera.door] has no key treshold: did you mean threshold?"),
    ("resolution = '4k'", "[camera.door] has no key resolution"),
]  # fmt: skip
"""Line 4, in the camera's table."""

BAD_TABLES = [
    ("[mqtt]", "4: mqtt.url is missing: wanted is like mqtt://host, mqtts://user@host:8883, "
     "ws://host:9001 or wss://host/mqtt"),
    ('[mqtt]\nurl = "http://hub"', '5: mqtt.url is "http://hub", but must be like mqtt://host, '
     "mqtts://user@host:8883, ws://host:9001 or wss://host/mqtt"),
    ('[mqtt]\nurl = "mqtt://hub:99999"', '5: mqtt.url is "mqtt://hub:99999", but must be like '
     "mqtt://host, mqtts://user@host:8883, ws://host:9001 or wss://host/mqtt"),
    ('[mqtt]\nurl = "mqtt://me:geheim@hub"', "5: mqtt.url holds a password: put it in a file, see "
     "password_file"),
    ('[mqtt]\nurl = "mqtt://hub"\npassword = "geheim"', "6: [mqtt] has no key password: did you "
     "mean password_file?"),
    ('[mqtt]\nurl = "mqtt://hub"\nversion = 5', '6: mqtt.version is 5, but must be "5" or "3.1.1"'),
    ('[mqtt]\nurl = "mqtt://hub"\nca_file = "ca.pem"', "4: mqtt has certificates, which are of use "
     "with mqtts:// and wss:// only"),
    ('[mqtt]\nurl = "mqtts://hub"\nkey_file = "a.key"', "4: mqtt has a key_file, but no "
     "certificate_file that it is for"),
    ("[outbox]\nmessages = 1", "5: outbox.messages is 1, but must be a whole number between 10 and "
     "10,000,000"),
    ("[evidence]\nbefore = 100", "5: evidence.before is 100, but must be a number of seconds, "
     "0 … 60"),
    ('[metrics]\nlisten = "9107"', '5: metrics.listen is "9107", but must be HOST:PORT such as '
     '"127.0.0.1:9107", or ":9107" for all addresses'),
    ("[metric]", "4: the file has no key metric: did you mean metrics?"),
    ("[camera.yard]", "4: camera.yard.bundle is missing: wanted is the path of a .ocrgan file"),
    ('[camera."a/b"]\nsource = "0"\nbundle = "b"', f'4: the name of a camera is "a/b", but must be '
     f"{LEVEL}"),
    ("[camera_defaults]\nhopp = 2", "5: [camera_defaults] has no key hopp: did you mean hop?"),
    ("[camera_defaults]\nhop = 0", "5: camera_defaults.hop is 0, but must be a whole number of "
     "frames, 1 or more"),
    (f"{ZONE}[[0, 0], [1, 1]]", "6: camera.door.zones[0].points is [[0, 0], [1, 1]], but must be "
     f"{CORNERS}"),
    (f"{ZONE}[[0, 0], [50, 0], [1, 1]]", f"6: camera.door.zones[0].points has 50, but must be "
     f"{CORNERS}"),
    (f"{ZONE}[[0, 0], [1, 1], [1, 0], [0, 1]]", "4: camera.door.zones[0] crosses itself: its edges "
     "from (0, 0) and from (1, 0) meet; give the corners in order around it"),
    (f"{ZONE}[[0, 0], [1, 0], [1, 1]]\n{ZONE}[[0, 0], [1, 0], [1, 1]]", "1: camera.door has two "
     "zones named 'path', but names must differ"),
]  # fmt: skip
"""From line 4 on."""


def refused(folder: Path, text: str | bytes) -> list[str]:
    """What is said about a file, without the file's name."""
    file = folder / "edge.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as error:
        load(file, {}, {})
    return [line.removeprefix(f"{file}:") for line in str(error.value).split("\n")]


@pytest.mark.parametrize(("text", "sentence"), NOT_TOML)
def test_a_file_that_is_no_toml_is_refused_with_its_line(
    text: str, sentence: str, tmp_path: Path
) -> None:
    assert refused(tmp_path, text) == [sentence]


@pytest.mark.parametrize(("line", "sentence"), BAD_VALUES)
def test_a_bad_value_is_refused_with_its_line(line: str, sentence: str, tmp_path: Path) -> None:
    assert refused(tmp_path, CAMERA + line) == [f"4: {sentence}"]


@pytest.mark.parametrize(("text", "sentence"), BAD_TABLES)
def test_a_bad_table_is_refused_with_its_line(text: str, sentence: str, tmp_path: Path) -> None:
    assert sentence in refused(tmp_path, CAMERA + text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("node = 5\n" + CAMERA, f'1: node is 5, but must be {LEVEL}, in quotes: "5"'),
        ('node = ""\n' + CAMERA, f'1: node is "", but must be {LEVEL}'),
        ('prefix = "a//b"\n' + CAMERA, f'1: prefix is "a//b", but must be one or more names with / '
         f"between: {LEVEL}"),
        ("threads = 0\n" + CAMERA, "1: threads is 0, but must be a whole number between 1 and 256"),
        ("metrics = 3\n" + CAMERA, "1: metrics is 3, but must be a table [metrics]"),
        ("camera_defaults = 3\n" + CAMERA, "1: camera_defaults is 3, but must be a table "
         "[camera_defaults]"),
        ("camera = 3\n", "1: camera is 3, but must be a table [camera.NAME] for each camera, or "
         "--camera and --bundle"),
        ("[camera]\n", "1: camera is {}, but must be a table [camera.NAME] for each camera, or "
         "--camera and --bundle"),
        ('[camera.door]\nsource = 0\nbundle = "b"', "2: camera.door.source is 0, but must be text "
         'such as "0", "/dev/video0", a stream\'s address, a file, a folder, or "scene", '
         'in quotes: "0"'),
        ('camera.door = "0"\n', '1: camera.door is "0", but must be a table [camera.door]'),
        (b'node = "a"\nprefix = "\xff"', "2: the file is not UTF-8 text"),
    ],
)  # fmt: skip
def test_a_bad_key_at_the_top_is_refused_with_its_line(
    text: str | bytes, sentence: str, tmp_path: Path
) -> None:
    assert refused(tmp_path, text) == [sentence]


def test_an_empty_file_lacks_a_camera(tmp_path: Path) -> None:
    wanted = "a table [camera.NAME] for each camera, or --camera and --bundle"
    assert refused(tmp_path, "") == [f"camera is missing: wanted is {wanted}"]


def test_all_mistakes_are_told_at_once_in_the_file_s_order(tmp_path: Path) -> None:
    text = "threads = 0\n[camera.door]\nhop = 0\nsauce = 1\n[outbox]\nmegabytes = 0"
    lines = [line.partition(" ")[0] for line in refused(tmp_path, text)]
    assert lines == ["1:", "2:", "2:", "3:", "4:", "6:"]  # [camera.door] lacks source and bundle


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"edge\.toml cannot be read: No such file"):
        load(tmp_path / "edge.toml", {}, {})


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load(tmp_path, {}, {})


def test_a_file_that_nobody_wrote_by_hand_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_bytes(b"#" * 2_000_000)
    with pytest.raises(SettingsError, match="larger than the 1048576 bytes"):
        load(tmp_path / "edge.toml", {}, {})


@pytest.mark.parametrize("text", ["a = " + "[" * 20_000, "a = " + "9" * 5000])
def test_a_file_that_is_too_much_for_the_reader_is_refused(text: str, tmp_path: Path) -> None:
    assert "the file is not TOML" in refused(tmp_path, text)[0]


def test_no_message_shows_a_password(tmp_path: Path) -> None:
    text = (
        '[mqtt]\nurl = "mqtt://me:geheim@hub"\npassword = "geheim"\n'
        '[camera.door]\nsource = ["rtsp://me:geheim@door/1"]\n'
    )
    assert "geheim" not in "".join(refused(tmp_path, text))


WORDS = st.sampled_from(
    ["node", "prefix", "threads", "mqtt", "url", "camera", "door", "camera_defaults", "source",
     "bundle", "hop", "zones", "name", "points", "schedule", "evidence", "days", "fps", "a b"]
)  # fmt: skip
VALUES = st.sampled_from(
    ['"0"', '"door.ocrgan"', '"mqtt://hub"', "0", "3", "-1.5", "nan", "true", "[]", "{}", "[1, 2]",
     "1979-05-27", "07:32:00", "[[0, 0], [1, 0], [1, 1]]", '["Sat"]', '[{name = "z"}]',
     '{door = {source = "0"}}', "[\n 1,\n 2]", '"""\nx\n"""', "“0”", "]"]
)  # fmt: skip
KEYS = st.lists(WORDS, min_size=1, max_size=4).map(lambda words: ".".join(map(repr, words)))
LINES = st.one_of(
    st.builds("{} = {}".format, KEYS, VALUES),
    KEYS.map("[{}]".format),
    KEYS.map("[[{}]]".format),
)
DOCUMENTS = st.lists(LINES, max_size=8).map("\n".join)


@settings(max_examples=150, deadline=None)
@given(st.one_of(DOCUMENTS, DOCUMENTS.map(CAMERA.__add__), st.text(max_size=80)))
def test_any_document_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    file = tmp_path_factory.mktemp("any") / "edge.toml"
    file.write_text(text, encoding="utf-8", newline="")
    try:
        load(file, {}, {})
    except SettingsError as error:
        said = str(error)
    else:
        said = f"{file}: good"
    assert said.startswith((f"{file}:", "camera is missing"))
