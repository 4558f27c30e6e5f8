from __future__ import annotations

from pathlib import Path

import pytest

from ocrgan_edge.runtime.processor import read_processor

INTEL = """processor\t: 0
model name\t: Intel(R) N100
flags\t\t: fpu sse2 avx2 avx_vnni

processor\t: 1
model name\t: another
flags\t\t: fpu
"""
PI_5 = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd asimddp
CPU implementer\t: 0x41
CPU part\t: 0xd0b

Model\t\t: Raspberry Pi 5 Model B Rev 1.0
"""


@pytest.fixture
def cpuinfo(tmp_path: Path) -> Path:
    return tmp_path / "cpuinfo"


def test_an_x86_processor_has_a_name_and_flags(cpuinfo: Path) -> None:
    cpuinfo.write_text(INTEL)
    found = read_processor(cpuinfo)
    assert found.model == "Intel(R) N100"
    assert found.features == {"fpu", "sse2", "avx2", "avx_vnni"}


def test_an_arm_processor_is_told_by_its_board_and_part(cpuinfo: Path) -> None:
    cpuinfo.write_text(PI_5)
    found = read_processor(cpuinfo)
    assert found.model == "Raspberry Pi 5 Model B Rev 1.0, implementer 0x41, part 0xd0b"
    assert found.features == {"fp", "asimd", "asimddp"}


@pytest.mark.parametrize("text", [None, "", "garbage\n"])
def test_a_processor_that_tells_nothing_has_the_machine_s_name(
    cpuinfo: Path, text: str | None
) -> None:
    if text is not None:
        cpuinfo.write_text(text)
    assert read_processor(cpuinfo).model
    assert read_processor(cpuinfo).features == frozenset()
