from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.alerts.retained import RetainedStates, State


def payloads(states: list[State]) -> list[object]:
    return [state.payload for state in states]


def test_while_a_word_is_under_way_only_the_newest_of_the_next_waits() -> None:
    states = RetainedStates()
    states.put(State("t", "1", 1))
    assert payloads(states.take()) == ["1"]
    for word in ("2", "3", "4"):
        states.put(State("t", word, 1))
    assert states.take() == []
    states.acknowledge("t")
    assert payloads(states.take()) == ["4"]


def test_words_that_are_never_acknowledged_are_sent_at_once() -> None:
    states = RetainedStates()
    for word in ("1", "2"):
        states.put(State("t", word, 0))
        assert payloads(states.take()) == [word]


def test_a_new_broker_hears_the_newest_word_on_every_topic() -> None:
    states = RetainedStates()
    states.put(State("a", "1", 1))
    states.put(State("b", b"\xff", 0))
    states.take()
    states.put(State("a", "2", 1))
    states.start_over()
    assert sorted(states.take()) == [("a", "2", 1), ("b", b"\xff", 0)]


@given(st.lists(st.one_of(st.tuples(st.sampled_from("ab"), st.integers()), st.sampled_from("!AB"))))
def test_the_newest_word_always_arrives_in_the_end(steps: list[object]) -> None:
    states, newest, arrived = RetainedStates(), {}, {}
    for step in steps:
        if isinstance(step, tuple):
            newest[step[0]] = str(step[1])
            states.put(State(step[0], str(step[1]), 1))
        elif step == "!":
            arrived.update({state.topic: state.payload for state in states.take()})
        else:
            states.acknowledge(str(step).lower())
    for topic in "ab":
        states.acknowledge(topic)
    arrived.update({state.topic: state.payload for state in states.take()})
    assert arrived == newest
