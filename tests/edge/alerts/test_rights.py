"""The ACL template that is shipped for mosquitto, in a real mosquitto."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.mosquitto
TEMPLATE = Path(__file__).parents[3] / "packaging" / "mosquitto" / "ocrgan.acl"
MAY = [
    ("attic", "ocrgan/attic/available"),
    ("attic", "ocrgan/attic/door/events"),
    ("attic", "homeassistant/device/attic/config"),
    ("homeassistant", "ocrgan/attic/door/threshold/set"),
    ("homeassistant", "ocrgan/attic/model/set"),
]
MAY_NOT = [
    ("attic", "ocrgan/cellar/door/events"),
    ("attic", "homeassistant/device/cellar/config"),
    ("homeassistant", "ocrgan/attic/door/events"),
    ("viewer", "ocrgan/attic/door/enabled/set"),
]


@pytest.fixture
def allowed(make_mosquitto: Any, tmp_path: Path) -> Callable[[str, str], bool]:
    """Gives a question to the broker: may this user publish on this topic?"""
    users, rights = tmp_path / "users", tmp_path / "rights"
    for user in ("attic", "homeassistant", "viewer"):
        create = [] if users.exists() else ["-c"]
        command = ["mosquitto_passwd", *create, "-b", str(users), user, "secret"]
        subprocess.run(command, check=True)
    shutil.copy(TEMPLATE, rights)
    broker = make_mosquitto(f"allow_anonymous false\npassword_file {users}\nacl_file {rights}")

    def ask(user: str, topic: str) -> bool:
        command = f"mosquitto_pub -V 5 -q 1 -p {broker.port} -u {user} -P secret -m x -t {topic}"
        said = subprocess.run(command.split(), capture_output=True, text=True, check=False)
        return "Not authorized" not in said.stdout + said.stderr

    return ask


def test_nodes_speak_for_themselves_only_and_viewers_not_at_all(
    allowed: Callable[[str, str], bool],
) -> None:
    assert [who for who in MAY if not allowed(*who)] == []
    assert [who for who in MAY_NOT if allowed(*who)] == []
