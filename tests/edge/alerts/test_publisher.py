import io
import json
from collections.abc import Callable

from ocrgan_edge.alerts.event import Event, EventType
from ocrgan_edge.alerts.publisher import LinePublisher, Numbering

Make = Callable[[EventType], Event]


def test_event_messages_are_numbered_from_1_without_gaps(make_event: Make) -> None:
    numbering = Numbering("attic", "boot")
    messages = [numbering.stamp(make_event(kind)) for kind in ("new", "update", "end")]
    assert [message.seq for message in messages] == [1, 2, 3]
    assert {(message.node, message.boot_id) for message in messages} == {("attic", "boot")}


def test_without_a_broker_each_event_message_is_one_line_of_json(make_event: Make) -> None:
    stream = io.StringIO()
    publisher = LinePublisher(stream, Numbering("attic", "boot"))
    publisher.publish_event(make_event("new"))
    publisher.publish_event(make_event("end"))
    lines = stream.getvalue().splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["new", "end"]
