from typing import Any

from ocrgan_edge.service.settings.changes import Changes, changes
from ocrgan_edge.service.settings.models import Settings


def settings(**values: Any) -> Settings:
    cameras = {"door": {"source": "0", "bundle": "a"}, "yard": {"source": "1", "bundle": "b"}}
    return Settings.model_validate({"node": "attic", "camera": cameras, **values})


def nothing(**but: Any) -> Changes:
    empty: frozenset[str] = frozenset()
    return Changes(**({"added": empty, "removed": empty, "changed": empty, "node": empty} | but))


def test_equal_settings_change_nothing() -> None:
    assert changes(settings(), settings()) == nothing()
    assert not changes(settings(), settings())


def test_cameras_are_added_removed_and_changed() -> None:
    new = {"yard": {"source": "1", "bundle": "c"}, "roof": {"source": "2", "bundle": "d"}}
    found = changes(settings(), settings(camera=new))
    assert found == nothing(
        added=frozenset({"roof"}), removed=frozenset({"door"}), changed=frozenset({"yard"})
    )
    assert not found.node_changed


def test_what_cameras_share_is_told_by_its_table() -> None:
    found = changes(settings(), settings(mqtt={"url": "mqtt://hub"}, threads=2))
    assert found == nothing(node=frozenset({"mqtt", "threads"}))
    assert found.node_changed
