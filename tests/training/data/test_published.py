"""Data sets in their published layouts, made by these tests exactly as they are downloaded."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from ocrgan_edge.errors import DataError
from ocrgan_training.data.__main__ import main, write_plain
from ocrgan_training.data.clips import ClipSpec, find_recordings, load_clip
from ocrgan_training.data.data_folder import DataFolder
from ocrgan_training.data.published import open_data_folder

SIZE = (12, 16)


def pictures(folder: Path, count: int, name: str, size: tuple[int, ...] = SIZE) -> None:
    folder.mkdir(parents=True)
    for index in range(count):
        image = np.full(size, 10 * index, np.uint8)
        assert cv2.imwrite(str(folder / name.format(index)), image)


def video(path: Path, count: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for index in range(count):
        writer.write(np.full((48, 64, 3), 10 * index, np.uint8))
    writer.release()


def mask(frames: int, abnormal: slice, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    found = np.zeros((frames, *size), np.uint8)
    found[abnormal, 2:5, 3:7] = 1
    return found


@pytest.fixture
def ucsd(tmp_path: Path) -> Path:
    folder = tmp_path / "UCSD_Anomaly_Dataset.v1p2" / "UCSDped1"
    for number, count in ((1, 8), (2, 9)):
        pictures(folder / "Train" / f"Train{number:03}", count, "{:03}.tif")
        (folder / "Train" / f"Train{number:03}" / ".DS_Store").write_bytes(b"")
    for number, count in ((1, 6), (2, 7)):
        pictures(folder / "Test" / f"Test{number:03}", count, "{:03}.tif")
    (folder / "Test" / "UCSDped1.m").write_text(
        "TestVideoFile = {};\n"
        "% TestVideoFile{end+1}.gt_frame = [1:1];\n"
        "TestVideoFile{end+1}.gt_frame = [2:4];\n"
        "TestVideoFile{end+1}.gt_frame = [1:2, 6];\n"
    )
    masks = folder / "Test" / "Test001_gt"  # Ped1 has masks of some clips only
    masks.mkdir()
    for index, sheet in enumerate(mask(6, slice(1, 4))):
        assert cv2.imwrite(str(masks / f"frame{index:03}.bmp"), 255 * sheet)
    return folder


@pytest.fixture
def avenue(tmp_path: Path) -> Path:
    folder = tmp_path / "Avenue Dataset"
    for number in (1, 2):
        video(folder / "training_videos" / f"{number:02}.avi", 8)
        video(folder / "testing_videos" / f"{number:02}.avi", 5 + number)
        label = folder / "ground_truth_demo" / "testing_label_mask" / f"{number}_label.mat"
        label.parent.mkdir(parents=True, exist_ok=True)
        cells = np.empty((1, 5 + number), object)
        cells[0] = list(mask(5 + number, slice(number, 4), (48, 64)))
        savemat(label, {"volLabel": cells})
    (folder / "training_vol").mkdir()
    (folder / "testing_vol").mkdir()
    return folder


@pytest.fixture
def shanghaitech(tmp_path: Path) -> Path:
    folder = tmp_path / "shanghaitech"
    for name in ("01_001", "01_002"):
        video(folder / "training" / "videos" / f"{name}.avi", 8)
    frames, pixels = (folder / "testing" / part for part in ("test_frame_mask", "test_pixel_mask"))
    frames.mkdir(parents=True)
    pixels.mkdir()
    for name, count in (("01_0014", 6), ("01_0015", 7)):
        pictures(folder / "testing" / "frames" / name, count, "{:03}.jpg", (*SIZE, 3))
        masks = mask(count, slice(3, 5))
        np.save(frames / f"{name}.npy", masks.any(axis=(1, 2)).astype(np.uint8))
        np.save(pixels / f"{name}.npy", masks)
    return folder


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    for name in ("a", "b"):
        pictures(folder / "train" / name, 8, "{:03}.png")
    pictures(folder / "test" / "c", 4, "{:03}.png")
    (folder / "labels.json").write_text(json.dumps({"c": [0, 1, 1, 0]}))
    return folder


def as_text(data: DataFolder) -> dict[str, str]:
    return {name: "".join(map(str, v.astype(int))) for name, v in data.labels().items()}


def test_ucsd_is_read_as_downloaded(ucsd: Path) -> None:
    data = open_data_folder(ucsd)
    assert (data.layout, data.frames_per_second) == ("ucsd", 10.0)
    assert list(data.training()) == ["Train001", "Train002"]
    assert list(data.test()) == ["Test001", "Test002"]
    assert as_text(data) == {"Test001": "011100", "Test002": "1100010"}
    assert list(data.masks()) == ["Test001"]
    assert np.array_equal(data.masks()["Test001"], mask(6, slice(1, 4)) > 0)


def test_avenue_is_read_as_downloaded(avenue: Path) -> None:
    data = open_data_folder(avenue)
    assert (data.layout, data.frames_per_second) == ("avenue", 25.0)
    assert list(data.training()) == list(data.test()) == ["01", "02"]
    assert as_text(data) == {"01": "011100", "02": "0011000"}
    assert data.masks()["02"].shape == (7, 48, 64)


def test_shanghaitech_is_read_as_downloaded(shanghaitech: Path) -> None:
    data = open_data_folder(shanghaitech)
    assert (data.layout, data.frames_per_second) == ("shanghaitech", 24.0)
    assert list(data.training()) == ["01_001", "01_002"]
    assert as_text(data) == {"01_0014": "000110", "01_0015": "0001100"}
    assert np.array_equal(data.masks()["01_0015"], mask(7, slice(3, 5)) > 0)


def test_the_plain_layout_says_its_rates_itself(plain: Path) -> None:
    data = open_data_folder(plain)
    assert (data.layout, data.frames_per_second) == ("plain", None)
    assert (list(data.training()), list(data.test())) == (["a", "b"], ["c"])
    assert as_text(data) == {"c": "0110"}
    assert dict(data.masks()) == {}


@pytest.mark.parametrize("name", ["ucsd", "avenue", "shanghaitech", "plain"])
def test_every_layout_laid_out_plainly_is_the_same_data_set(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    data = open_data_folder(request.getfixturevalue(name))
    write_plain(data, tmp_path / "plain")
    again = open_data_folder(tmp_path / "plain")
    assert again.layout == "plain"
    assert list(again.training()) == list(data.training())
    assert as_text(again) == as_text(data)
    assert {k: v.tolist() for k, v in again.masks().items()} == {
        k: v.tolist() for k, v in data.masks().items()
    }


def test_the_published_rate_reaches_the_models_clock(shanghaitech: Path) -> None:
    pictures(shanghaitech / "training" / "frames" / "x", 24, "{:03}.jpg")
    recordings = find_recordings(shanghaitech)
    assert recordings.frames_per_second == 24.0
    spec = ClipSpec(32, 32, 8.0, shortest=8, recorded=recordings.frames_per_second)
    second = load_clip("x", shanghaitech / "training" / "frames" / "x", spec)
    assert len(second.frames) == 8


def test_a_folder_around_the_data_set_is_refused_with_the_right_one(ucsd: Path) -> None:
    with pytest.raises(DataError, match=r"is no data set itself: give .*UCSDped1$"):
        open_data_folder(ucsd.parent)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nor is .* laid out as UCSD Ped, CUHK Avenue"):
        open_data_folder(tmp_path)


def test_labels_beyond_the_last_frame_are_refused(ucsd: Path) -> None:
    (ucsd / "Test" / "Test001" / "005.tif").unlink()
    (ucsd / "Test" / "Test001" / "004.tif").unlink()
    (ucsd / "Test" / "Test001" / "003.tif").unlink()
    with pytest.raises(DataError, match="clip Test001 has 3 frames, but its labels name frame 4"):
        open_data_folder(ucsd).labels()


def test_labels_for_another_number_of_clips_are_refused(ucsd: Path) -> None:
    pictures(ucsd / "Test" / "Test003", 3, "{:03}.tif")
    with pytest.raises(DataError, match=r"UCSDped1.m lists 2 clips, but .* has 3"):
        open_data_folder(ucsd).labels()


@pytest.mark.parametrize("line", ["[4:2]", "[0:2]", "[a:b]"])
def test_what_is_no_range_of_frames_is_refused(ucsd: Path, line: str) -> None:
    (ucsd / "Test" / "UCSDped1.m").write_text(f"TestVideoFile{{end+1}}.gt_frame = {line};")
    with pytest.raises(DataError, match="is no range of frames"):
        open_data_folder(ucsd).labels()


def test_masks_for_another_number_of_frames_are_refused(ucsd: Path) -> None:
    (ucsd / "Test" / "Test001_gt" / "frame005.bmp").unlink()
    with pytest.raises(DataError, match="Test001 has 6 frames, but its masks are for 5"):
        open_data_folder(ucsd).masks()["Test001"]


def test_a_broken_mask_is_refused_by_name(ucsd: Path) -> None:
    (ucsd / "Test" / "Test001_gt" / "frame002.bmp").write_bytes(b"BM")
    with pytest.raises(DataError, match=r"mask .*frame002\.bmp cannot be decoded"):
        open_data_folder(ucsd).masks()["Test001"]


def test_a_broken_training_frame_is_refused_by_name(ucsd: Path) -> None:
    (ucsd / "Train" / "Train001" / "003.tif").write_bytes(b"II*")
    paths = find_recordings(ucsd).training | find_recordings(ucsd).held_out
    with pytest.raises(DataError, match=r"'Train001' cannot be read: .*003\.tif"):
        load_clip("Train001", paths["Train001"], ClipSpec(32, 32, 10.0, 8))


def test_avenues_masks_must_fit_their_videos(avenue: Path) -> None:
    label = avenue / "ground_truth_demo" / "testing_label_mask" / "2_label.mat"
    cells = np.empty((1, 3), object)
    cells[0] = list(mask(3, slice(0, 1)))
    savemat(label, {"volLabel": cells})
    with pytest.raises(DataError, match="clip 02 has 7 frames, but its masks are for 3"):
        open_data_folder(avenue).labels()


def test_an_avenue_video_without_masks_is_refused(avenue: Path) -> None:
    (avenue / "ground_truth_demo" / "testing_label_mask" / "2_label.mat").unlink()
    with pytest.raises(DataError, match="clip '02' .* has no labels"):
        open_data_folder(avenue).labels()


@pytest.mark.parametrize("content", [b"no mat file at all", None])
def test_a_broken_mat_file_is_refused_by_name(avenue: Path, content: bytes | None) -> None:
    label = avenue / "ground_truth_demo" / "testing_label_mask" / "1_label.mat"
    if content is None:
        savemat(label, {"other": np.zeros(3)})
    else:
        label.write_bytes(content)
    with pytest.raises(DataError, match=r"masks .*1_label\.mat"):
        open_data_folder(avenue).labels()


def test_shanghaitechs_labels_must_fit_their_frames(shanghaitech: Path) -> None:
    np.save(shanghaitech / "testing" / "test_frame_mask" / "01_0014.npy", np.zeros(9))
    with pytest.raises(DataError, match="clip 01_0014 has 6 frames, but its labels are for 9"):
        open_data_folder(shanghaitech).labels()


def test_a_broken_label_array_is_refused_by_name(shanghaitech: Path) -> None:
    (shanghaitech / "testing" / "test_frame_mask" / "01_0014.npy").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"01_0014\.npy cannot be read"):
        open_data_folder(shanghaitech).labels()


def test_plain_labels_must_fit_their_clips(plain: Path) -> None:
    (plain / "labels.json").write_text(json.dumps({"c": [0, 1, 1]}))
    with pytest.raises(DataError, match="clip c has 4 frames, but its labels are for 3"):
        open_data_folder(plain).labels()


def test_the_command_writes_nothing_into_a_folder_in_use(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr("sys.argv", ["ocrgan_training.data", str(plain), str(out)])
    for code in (0, 2):
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == code
    shown = capsys.readouterr()
    assert shown.out == "plain: 2 training and 1 test clips\n"
    assert "is there already and not empty" in shown.err
