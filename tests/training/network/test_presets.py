"""Settings of a network."""

from dataclasses import replace

import pytest

from ocrgan_edge.errors import SettingsError
from ocrgan_training.network.presets import PRESETS, NetworkConfig, preset


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("frames", 10, "frames is 10, wanted 8, 12, 16, 20, …"),
        ("frames", 4, "frames is 4"),
        ("height", 66, "height is 66, wanted a multiple of 4"),
        ("width", 8, "width is 8, wanted at least 16"),
        ("base_width", 12, "base_width is 12, wanted a multiple of 8"),
        ("features", 0, "features is 0, wanted at least 1"),
        ("temporal", "some", "temporal is 'some', wanted one of none, basic, multi-scale"),
        ("discriminator", "big", "wanted one of basic, netd, nlayer"),
        ("upsampling", "bicubic", "wanted one of resize, subpixel, transposed"),
        ("hidden_frames", 9, "hidden_frames is 9, wanted at most half of the frames"),
        ("hidden_frames", -1, "hidden_frames is -1, wanted at least 0"),
        ("recent", 17, "recent is 17, wanted 1 … 16"),
        ("attention_pool", 0, "attention_pool is 0, wanted at least 1"),
        ("patch", 3, "patch is 3, wanted 1, 2, 4 or 8"),
    ],
)
def test_a_value_that_cannot_work_is_named_with_what_was_wanted(setting, value, message):
    with pytest.raises(SettingsError, match=message.replace("|", r"\|")):
        replace(NetworkConfig(), **{setting: value})


def test_dict_and_back_is_the_same_config():
    config = NetworkConfig(height=96, width=160, temporal="basic", hidden_frames=4)
    assert NetworkConfig.from_dict(config.to_dict()) == config


def test_an_unknown_setting_is_refused_by_name():
    with pytest.raises(SettingsError, match="no setting named colour"):
        NetworkConfig.from_dict({"colour": True})


@pytest.mark.parametrize(
    ("height", "width", "levels", "bottleneck"),
    [(32, 32, 3, 4), (64, 64, 4, 4), (96, 160, 4, 6), (128, 128, 5, 4), (224, 224, 5, 7)],
)
def test_the_bottlenecks_shorter_side_is_4_to_7_pixels(height, width, levels, bottleneck):
    config = NetworkConfig(height=height, width=width)
    assert config.levels == levels
    assert min(height, width) // 2**levels == bottleneck


def test_channels_double_up_to_eight_times_the_base_width():
    config = NetworkConfig(height=224, width=224, base_width=16)
    assert config.level_widths == (16, 32, 64, 128, 128)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_exported(name):
    config = preset(name)
    assert config.height % 32 == config.width % 32 == 0


def test_a_preset_that_is_not_there_is_refused_with_the_names_that_are():
    with pytest.raises(SettingsError, match="no preset 'tiny', wanted one of nano, small"):
        preset("tiny")
