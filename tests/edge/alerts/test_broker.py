from pathlib import Path

import pytest

from ocrgan_edge.alerts.broker import Broker, BrokerFiles, parse_broker
from ocrgan_edge.errors import BrokerError


def test_address_without_port_uses_the_registered_ones() -> None:
    assert parse_broker("mqtt://hub", {}) == Broker("hub", 1883)
    assert parse_broker("mqtts://hub", {}) == Broker("hub", 8883, tls=True)


def test_address_with_user_and_port() -> None:
    broker = parse_broker("mqtt://front%20door@10.0.0.2:1884", {})
    assert (broker.user, broker.host, broker.port) == ("front door", "10.0.0.2", 1884)


def test_a_v6_address_is_shown_as_it_is_written() -> None:
    assert str(parse_broker("mqtt://[::1]:1884", {})) == "mqtt://[::1]:1884"


@pytest.mark.parametrize(
    "url",
    ["hub", "hub:1883", "http://hub", "mqtt://", "mqtt://:1883", "mqtt://hub:99999",
     "mqtt://hub:0", "mqtt://hub:port", "mqtt://hub/topic", "mqtt://hub?x=1", "mqtt://[::1"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_examples(url: str) -> None:
    with pytest.raises(BrokerError, match="must look like mqtt://host"):
        parse_broker(url, {})


@pytest.mark.parametrize("url", ["mqtt://me:s3cret@hub", "mqtt://me:s3cret@hub:99999"])
def test_a_password_in_the_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BrokerError) as refused:
        parse_broker(url, {})
    assert "s3cret" not in str(refused.value)
    assert "mqtt://me:***@hub" in str(refused.value)


def test_password_comes_from_the_environment() -> None:
    broker = parse_broker("mqtt://me@hub", {"OCRGAN_MQTT_PASSWORD": "s3cret"})
    assert broker.password == "s3cret"


def test_password_file_goes_before_the_environment(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from file\n")
    environment = {"OCRGAN_MQTT_PASSWORD": "from environment"}
    broker = parse_broker(
        "mqtt://me@hub", environment, files=BrokerFiles(password=tmp_path / "password")
    )
    assert broker.password == "from file"


def test_a_password_is_in_no_text_made_of_the_broker() -> None:
    broker = parse_broker("mqtt://me@hub", {"OCRGAN_MQTT_PASSWORD": "s3cret"})
    assert "s3cret" not in f"{broker} {broker!r}"


def test_a_password_without_a_user_is_refused() -> None:
    with pytest.raises(BrokerError, match="no user for mqtt://hub"):
        parse_broker("mqtt://hub", {"OCRGAN_MQTT_PASSWORD": "s3cret"})


def test_a_missing_or_empty_password_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="nowhere cannot be read"):
        parse_broker("mqtt://me@hub", {}, files=BrokerFiles(password=tmp_path / "nowhere"))
    (tmp_path / "empty").touch()
    with pytest.raises(BrokerError, match="empty has no password"):
        parse_broker("mqtt://me@hub", {}, files=BrokerFiles(password=tmp_path / "empty"))


def test_a_ca_file_needs_tls_and_must_exist(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="of use with mqtts:// and wss:// only"):
        parse_broker("mqtt://hub", {}, files=BrokerFiles(ca=tmp_path))
    with pytest.raises(BrokerError, match="must be a PEM file"):
        parse_broker("mqtts://hub", {}, files=BrokerFiles(ca=tmp_path / "nowhere"))


def test_a_websocket_has_a_path() -> None:
    assert parse_broker("ws://hub", {}) == Broker("hub", 80, path="/mqtt")
    assert str(parse_broker("wss://hub/broker", {})) == "wss://hub:443/broker"


def test_a_user_named_apart_goes_before_the_one_in_the_address() -> None:
    assert parse_broker("mqtt://you@hub", {}, user="me").user == "me"


def test_a_key_without_its_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    with pytest.raises(BrokerError, match="no client certificate"):
        parse_broker("mqtts://hub", {}, files=BrokerFiles(key=tmp_path / "key"))
