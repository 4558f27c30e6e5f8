"""Whose bundle it is: Ed25519 over the manifest, which names every member's SHA-256.

Keys are PEM files as OpenSSL makes them. `cryptography` (extra `[signed]`) is imported only where
a signature is made or wanted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocrgan_edge.archive import read_archive, write_archive
from ocrgan_edge.bundle import MANIFEST, SIGNATURE, Bundle, open_bundle
from ocrgan_edge.errors import BundleError, SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)


def open_trusted(path: Path, keys: Path | None) -> Bundle:
    """Opens a bundle that one of the trusted keys has signed; any bundle where no key is set.

    Args:
        path: the bundle.
        keys: a file with one or more public keys, or None.

    Raises:
        BundleError: it is not signed, by none of these keys, or refused by `open_bundle`.
        SettingsError: the keys cannot be used.
    """
    bundle = open_bundle(path)
    if keys is not None:
        check_signature(bundle, read_public_keys(keys), str(keys))
    return bundle


def check_signature(bundle: Bundle, keys: Sequence[Ed25519PublicKey], whose: str) -> None:
    """Refuses a bundle that none of the keys has signed.

    Raises:
        BundleError: it is not signed, or by none of them, or its file is another one by now.
    """
    from cryptography.exceptions import InvalidSignature

    archive = read_archive(bundle.path)
    if archive.sha256 != bundle.sha256:
        raise BundleError(f"bundle {bundle.path} was changed while it was being opened")
    signature = archive.members.get(SIGNATURE)
    if signature is None:
        raise BundleError(f"bundle {bundle.path} is not signed, wanted a signature by {whose}")
    for key in keys:
        try:
            key.verify(signature, archive.members[MANIFEST])
        except InvalidSignature:
            continue
        return
    raise BundleError(f"bundle {bundle.path} is signed, but not by {whose}")


def sign_bundle(path: Path, key: Ed25519PrivateKey) -> None:
    """Puts a signature into a bundle, instead of the one it has; whole or not at all.

    Raises:
        BundleError: it is refused by `open_bundle`.
    """
    open_bundle(path)
    members = read_archive(path).members
    members[SIGNATURE] = key.sign(members[MANIFEST])
    write_archive(path, members)


def read_public_keys(path: Path) -> list[Ed25519PublicKey]:
    """The Ed25519 public keys of a PEM file.

    Raises:
        SettingsError: it cannot be read, has none, or one of another kind.
    """
    load = _library().load_pem_public_key
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    found = [_loaded(load, block[0], path) for block in _BLOCK.finditer(_read(path))]
    if not found or not all(isinstance(key, Ed25519PublicKey) for key in found):
        raise SettingsError(f"{path} must hold Ed25519 public keys (PEM) and nothing else")
    return found


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """The Ed25519 private key of a PEM file without a password.

    Raises:
        SettingsError: it cannot be read or is none.
    """
    library = _library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = _loaded(lambda data: library.load_pem_private_key(data, None), _read(path), path)
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(f"{path} is a key, but no Ed25519 private key")
    return key


def _library() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        raise SettingsError(
            "signatures of bundles need one more package: pip install 'ocrgan-edge[signed]'"
        ) from None
    return serialization


def _loaded(load: Any, data: bytes, path: Path) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SettingsError(f"{path} holds no key that can be read ({error})") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"the key {path} cannot be read ({error.strerror})") from error
