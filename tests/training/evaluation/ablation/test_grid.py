"""Which trainings an ablation is made of."""

from pathlib import Path

import pytest

from ocrgan_edge.errors import SettingsError
from ocrgan_training.evaluation.ablation.grid import (
    Grid,
    Network,
    Row,
    budget,
    read_grid,
    standard_grid,
)

SEEDS = (1, 2)
PLAN = Grid((), ("--steps", "5"))


def written(folder: Path, text: str) -> Path:
    path = folder / "grid.toml"
    path.write_text(text)
    return path


def test_the_parts_axis_goes_from_single_frames_to_everything() -> None:
    grid = standard_grid(("temporal",), Network(width=16), SEEDS, PLAN)
    assert [(row.name, row.network.temporal) for row in grid.rows] == [
        ("base", "none"),
        ("+ basic temporal", "basic"),
        ("+ multi-scale", "multi-scale"),
        ("+ hierarchical", "hierarchical"),
        ("full", "full"),
    ]
    assert all(row.network.width == 16 for row in grid.rows)


def test_window_lengths_and_sizes_are_those_of_the_specification() -> None:
    grid = standard_grid(("frames", "size"), Network(), SEEDS, PLAN)
    assert [row.network.frames for row in grid.rows[:5]] == [8, 12, 16, 20, 24]
    assert [row.network.size for row in grid.rows[5:]] == [32, 64, 128, 224]


def test_a_row_gives_the_trainings_options() -> None:
    network = Network(temporal="none", hidden_frames=4).over(Network(width=16, temporal="full"))
    assert network.options() == [
        *("--temporal", "none", "--width", "16", "--hidden-frames", "4"),
    ]
    assert network.config().base_width == 16


def test_a_grid_file_has_rows_and_what_they_share(tmp_path: Path) -> None:
    text = 'steps = 7\nseeds = [4, 5]\n[network]\nsize = "32x64"\n[[row]]\nname = "a"\nframes = 8\n'
    grid = read_grid(written(tmp_path, text))
    assert grid.budget == ("--steps", "7")
    (row,) = grid.rows
    assert row.seeds == (4, 5)
    assert (row.network.config().height, row.network.config().frames) == (32, 8)


def test_a_row_with_seeds_of_its_own_is_not_trained_with_the_others(tmp_path: Path) -> None:
    text = 'steps = 7\nseeds = [4, 5]\n[[row]]\nname = "a"\n[[row]]\nname = "b"\nseeds = [6]\n'
    grid = read_grid(written(tmp_path, text))
    assert [row.seeds for row in grid.rows] == [(4, 5), (6,)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps = 7\nrow = []", "row: Tuple should have at least 1 item"),
        ('steps = 7\n[[row]]\nname = "a"\ntemproal = "none"', "row.0.temproal: Extra inputs"),
        ('steps = 7\n[[row]]\nname = "a"\nframes = 9', "row 'a' of the ablation: frames is 9"),
        ('steps = 7\n[[row]]\nname = "a"\n[[row]]\nname = "A"', "two rows .* are called 'A'"),
        ('[[row]]\nname = "a"', "wants minutes or steps"),
        ("steps = ", "is no TOML"),
    ],
)
def test_what_cannot_work_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read_grid(written(tmp_path, text))


def test_an_unknown_axis_is_refused() -> None:
    with pytest.raises(SettingsError, match="no axis 'depth', wanted temporal, frames, size"):
        standard_grid(("depth",), Network(), SEEDS, PLAN)


def test_two_budgets_are_refused() -> None:
    with pytest.raises(SettingsError, match="one of them"):
        budget(3.0, 5)


def test_a_rows_folder_is_its_group_and_name() -> None:
    assert Row("+ basic temporal", "parts", Network(), SEEDS).folder == "parts-basic-temporal"
    assert Row("64×64", "size", Network(), SEEDS).folder == "size-64-64"
