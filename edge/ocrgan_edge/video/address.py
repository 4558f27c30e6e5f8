"""Addresses of streams and the passwords in them."""

from __future__ import annotations

import re
from urllib.parse import quote

_SECRET_WORDS = r"[^=&?#]*(?:pass|pwd|token|secret|key|auth)[^=&?#]*"


def without_password(address: str) -> str:
    """An address as it may be shown: the password, and secrets in its query, replaced by `***`.

    A password may hold any sign: what lies between the first colon and the last `@` is hidden.
    """
    shown = re.sub(r"(?<=://)([^/@:?#]*):.*@", r"\1:***@", address)
    return re.sub(rf"([?&]{_SECRET_WORDS}=)[^&#]*", r"\1***", shown, flags=re.IGNORECASE)


def with_password(address: str, password: str) -> str:
    """An address whose user gets this password, instead of one that it has.

    Args:
        address: `rtsp://user@host/…` or `rtsp://user:old@host/…`; without a user it stays as it is.
        password: as it is, without percent encoding.
    """
    return re.sub(
        r"(?<=://)([^/@:?#]*)(?::[^/@]*)?@",
        lambda found: f"{found[1]}:{quote(password, safe='')}@",
        address,
        count=1,
    )
