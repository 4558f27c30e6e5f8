import pytest

from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.errors import SettingsError


def test_topics_are_prefix_node_camera_and_what_is_said() -> None:
    topics = Topics("home/ocrgan", "attic")
    assert topics.available == "home/ocrgan/attic/available"
    assert topics.events("door") == "home/ocrgan/attic/door/events"
    assert topics.anomaly("door") == "home/ocrgan/attic/door/anomaly"
    assert topics.score("door") == "home/ocrgan/attic/door/score"


@pytest.mark.parametrize("node", ["", "a/b", "a+", "#", "$SYS", "two\nlines", "\0"])
def test_a_node_that_is_no_topic_level_is_refused_by_name(node: str) -> None:
    with pytest.raises(SettingsError, match="node is "):
        Topics("ocrgan", node)


@pytest.mark.parametrize("prefix", ["", "/ocrgan", "ocrgan/", "a//b", "a/#"])
def test_a_prefix_with_an_empty_level_or_a_wildcard_is_refused(prefix: str) -> None:
    with pytest.raises(SettingsError, match="prefix is "):
        Topics(prefix, "attic")
