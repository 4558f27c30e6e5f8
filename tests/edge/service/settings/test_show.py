from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ocrgan_edge.service.settings.load import Loaded, load
from ocrgan_edge.service.settings.models import Settings
from ocrgan_edge.service.settings.show import print_config


def test_each_value_is_shown_with_its_origin(tmp_path: Path) -> None:
    file = tmp_path / "edge.toml"
    file.write_text('[camera."back yard"]\nsource = "0"\nbundle = "/b"\n')
    shown = print_config(load(file, {"hop": 2}, {"OCRGAN_NODE": "attic"})).splitlines()
    assert 'node = "attic"  # OCRGAN_NODE' in shown
    assert 'prefix = "ocrgan"  # default' in shown
    assert "# threads is not set" in shown
    camera = shown.index('[camera."back yard"]')
    assert shown[camera + 1] == f'source = "0"  # {file}:2'
    assert "hop = 2  # --hop" in shown[camera:]


def test_zones_are_shown_as_tables(tmp_path: Path) -> None:
    file = tmp_path / "edge.toml"
    file.write_text(
        '[camera.door]\nsource = "0"\nbundle = "/b"\n'
        '[[camera.door.zones]]\nname = "path"\npoints = [[0, 0], [1, 0], [1, 0.5]]'
    )
    shown = print_config(load(file, {}, {})).splitlines()
    assert shown[-4:] == [
        "[[camera.door.zones]]",
        f'name = "path"  # {file}:5',
        f"points = [[0.0, 0.0], [1.0, 0.0], [1.0, 0.5]]  # {file}:6",
        'kind = "watch"  # default',
    ]


def test_passwords_are_not_shown() -> None:
    options = {"camera": "rtsp://me:ge@heim@10.0.0.7/1?token=heimlich", "bundle": Path("b")}
    shown = print_config(load(None, options, {"OCRGAN_MQTT_PASSWORD": "geheim"}))
    assert 'source = "rtsp://me:***@10.0.0.7/1?token=***"' in shown
    assert not [word for word in ("heim@", "heimlich", "geheim") if word in shown]


SIGNS = st.characters(
    codec="utf-8",
    exclude_categories=("C", "Z"),
    include_characters=" ",
    exclude_characters="/+#$",
)
LEVELS = st.text(SIGNS, min_size=1, max_size=8)
ZONES = st.fixed_dictionaries(
    {"name": LEVELS, "points": st.just(((0.0, 0.1), (1.0, 0.0), (0.5, 1 / 3)))},
    optional={"kind": st.sampled_from(["watch", "ignore"])},
)
CAMERAS = st.fixed_dictionaries(
    {
        "source": st.text(SIGNS, min_size=1).map(lambda text: text.replace(":", "")),
        "bundle": LEVELS,
    },
    optional={
        "hop": st.integers(1, 100),
        "threshold": st.floats(allow_nan=False, allow_infinity=False),
        "sensitivity": st.sampled_from(["low", 2, 0.1]),
        "schedule": st.lists(st.sampled_from(["Sat", "22:00-06:00"])),
        "zones": st.lists(ZONES, max_size=3, unique_by=lambda zone: zone["name"]),
        "loop": st.booleans(),
    },
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(LEVELS, CAMERAS, min_size=1, max_size=3), LEVELS)
def test_what_is_shown_means_the_same_when_read(
    tmp_path_factory: Any, cameras: dict[str, Any], node: str
) -> None:
    for camera in cameras.values():  # paths that do not depend on the file's folder
        camera["bundle"] = camera["source"] = f"/{camera['bundle']}"
    shown = Settings.model_validate({"node": node, "camera": cameras})
    file = tmp_path_factory.mktemp("shown") / "edge.toml"
    file.write_text(print_config(Loaded(shown, {})), encoding="utf-8")
    assert load(file, {}, {}).settings == shown
