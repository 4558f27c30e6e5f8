from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ocrgan_edge.doctor.__main__ import main


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """`doctor(options)`: the command's exit code."""

    interrupt = signal.getsignal(signal.SIGINT)

    def ask(*options: object) -> int:
        monkeypatch.setattr(sys, "argv", ["ocrgan-doctor", *map(str, options)])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        return code

    yield ask
    signal.signal(signal.SIGINT, interrupt)


def test_json_has_the_same_keys_for_every_line(
    doctor: Callable[..., int], tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--bundle", tiny_bundle, "--target", "onnx-fp32", "--seconds", 0.01, "--json"]
    assert doctor(*options) == 0
    report = json.loads(capsys.readouterr().out)
    assert report.keys() == {"schema_version", "version", "state", "findings"}
    assert report["schema_version"] == 1
    keys = {"about", "name", "state", "value", "advice", "data"}
    assert all(finding.keys() == keys for finding in report["findings"])
    names = [(finding["about"], finding["name"]) for finding in report["findings"]]
    device = ["processor", "cores", "clock_rate", "memory", "temperature", "throttling"]
    device += ["software", "disk", "clock"]
    assert [name for about, name in names if about == "device"] == [
        name for name in device if ("device", name) in names
    ]
    assert ("onnx-fp32", "latency") in names


def test_every_warning_and_failure_says_what_to_do(
    doctor: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor("--bundle", tmp_path / "none.ocrgan", "--json") == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert all((finding["state"] == "ok") == (finding["advice"] is None) for finding in findings)


def test_a_person_reads_lines_with_advice_below(
    doctor: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor("--bundle", tmp_path / "none.ocrgan") == 1
    out = capsys.readouterr().out
    assert "failed" in out
    assert "there is no bundle at" in out
    assert "→ copy or export the bundle again" in out


@pytest.mark.slow
def test_the_settings_name_bundle_broker_and_state_folder(
    doctor: Callable[..., int],
    tiny_bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "edge.toml"
    config.write_text(
        f'state_folder = "state"\nthreads = 1\n[mqtt]\nurl = "mqtt://127.0.0.1:1"\n'
        f'[camera.door]\nsource = "0"\nbundle = "{tiny_bundle}"\ntarget = "onnx-fp32"\n'
    )
    assert doctor("--config", config, "--seconds", 0.01, "--json") == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    found = {(finding["about"], finding["name"]): finding for finding in findings}
    assert found["broker", "broker"]["data"]["problem"] == "refused"
    assert found["device", "disk"]["data"]["folder"] == str(tmp_path / "state")
    assert found["onnx-fp32", "latency"]["data"]["threads"] == 1
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--seconds", "0"], "--seconds is 0, but must be above 0"),
        (["--threads", "0"], "--threads is 0, but must be at least 1"),
        (["--config", "a.toml", "--mqtt", "mqtt://hub"], "--config names a broker already"),
        (["--mqtt", "http://hub"], "MQTT address is 'http://hub'"),
        (["--config", "/nowhere.toml"], "nowhere.toml"),
        (["--what"], "No such option"),
    ],
)
def test_bad_usage_is_one_sentence_and_code_2(
    doctor: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    sentence: str,
) -> None:
    assert doctor(*options) == 2
    assert sentence in capsys.readouterr().err


def test_help_has_examples(doctor: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor("--help") == 0
    assert "ocrgan-doctor --bundle door.ocrgan --mqtt mqtt://hub" in capsys.readouterr().out
