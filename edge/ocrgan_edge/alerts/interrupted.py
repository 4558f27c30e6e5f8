"""The end of an event that was open when the daemon was killed."""

from __future__ import annotations

from datetime import timedelta

from ocrgan_edge.alerts.event import Event


def interrupted(last: Event) -> Event:
    """`end` with reason `interrupted`, as of the last thing that was said about the event.

    Args:
        last: the newest message of the event, `new` or `update`.
    """
    state = last.after
    end = {
        "end": state.start + timedelta(seconds=state.duration),
        "media_end": state.media_start + state.duration,
        "end_reason": "interrupted",
    }
    return Event(
        type="end",
        event_id=last.event_id,
        camera=last.camera,
        before=state,
        after=state.model_copy(update=end),
    )
