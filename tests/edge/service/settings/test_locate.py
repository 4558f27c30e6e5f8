import tomllib

from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.service.settings.locate import KeyPath, lines_of
from ocrgan_edge.service.settings.toml import toml_key, toml_value


def test_keys_and_tables_have_the_lines_on_which_they_stand() -> None:
    text = 'a = 1\n\n# b = 2\n[t]\n"b c" = "x" # y = 3\n[t.u]\nv.w = 1\n'
    assert lines_of(text) == {
        ("a",): 1,
        ("t",): 4,
        ("t", "b c"): 5,
        ("t", "u"): 6,
        ("t", "u", "v"): 7,
        ("t", "u", "v", "w"): 7,
    }


def test_values_over_several_lines_begin_where_their_key_stands() -> None:
    text = 'a = [\n  "]", # ]\n  [1],\n]\nb = """\nc = 3\n"""\nd = 4'
    assert lines_of(text) == {("a",): 1, ("b",): 5, ("d",): 8}


def test_tables_of_an_array_are_counted() -> None:
    text = "[[z]]\nn = 1\n[[z]]\nn = 2\n[z.of]\nm = 3\n[[y.z]]\nq = [{r = 1}, {s = 2}]"
    lines = lines_of(text)
    assert (lines["z",], lines["z", 0, "n"], lines["z", 1, "n"]) == (1, 2, 4)
    assert (lines["z", 1, "of"], lines["z", 1, "of", "m"]) == (5, 6)
    assert (lines["y", "z", 0], lines["y", "z", 0, "q", 1, "s"]) == (7, 8)


def test_lines_end_as_on_other_systems_too() -> None:
    assert lines_of("a = 1\r\nb = [\r\n1]\r\nc = 2") == {("a",): 1, ("b",): 2, ("c",): 4}


NAMES = st.text(max_size=6)
LEAVES = st.one_of(
    st.text(max_size=8), st.booleans(), st.integers(), st.lists(st.integers(), max_size=3)
)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, LEAVES, max_size=3), max_size=4))
def test_every_key_of_every_document_is_found(tables: dict[str, dict[str, object]]) -> None:
    lines: list[str] = []
    stand: dict[KeyPath, int] = {}
    for name, table in tables.items():
        lines.append(f"[{toml_key(name)}]")
        stand[name,] = len(lines)
        for key, value in table.items():
            lines.append(f"{toml_key(key)} = {toml_value(value)}")
            stand[name, key] = len(lines)
    assert tomllib.loads("\n".join(lines)) == tables
    assert lines_of("\n".join(lines)) == stand
