from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.video.address import with_password, without_password


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://a:b@c/d", "rtsp://a:***@c/d"),
        ("rtsp://:b@c", "rtsp://:***@c"),
        ("rtsp://a:b@d@c/e", "rtsp://a:***@c/e"),
        ("rtsp://a:b/d@c/e", "rtsp://a:***@c/e"),
        ("rtsp://a@c/d", "rtsp://a@c/d"),
        ("http://c:80/d", "http://c:80/d"),
        ("http://c/d?user=a&pwd=b&x=1", "http://c/d?user=a&pwd=***&x=1"),
        ("http://c/d?Password=b#e", "http://c/d?Password=***#e"),
    ],
)
def test_passwords_are_not_shown(address: str, shown: str) -> None:
    assert without_password(address) == shown


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_any_password_arrives_and_none_is_shown(password: str) -> None:
    address = with_password("rtsp://guard@camera:554/door", password)
    assert unquote(urlsplit(address).password or "") == password
    assert without_password(address) == "rtsp://guard:***@camera:554/door"


@pytest.mark.parametrize("address", ["rtsp://guard@camera/", "rtsp://guard:old@camera/"])
def test_a_password_is_given_to_the_user_of_an_address(address: str) -> None:
    assert with_password(address, "a@b/c") == "rtsp://guard:a%40b%2Fc@camera/"


def test_an_address_without_user_gets_no_password() -> None:
    assert with_password("rtsp://camera/door", "secret") == "rtsp://camera/door"
