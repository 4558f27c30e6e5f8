"""Keys are made, and signatures checked, by OpenSSL."""

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from ocrgan_edge.bundle import MANIFEST, SIGNATURE, open_bundle, write_bundle
from ocrgan_edge.errors import BundleError, SettingsError
from ocrgan_edge.signature import (
    check_signature,
    open_trusted,
    read_private_key,
    read_public_keys,
    sign_bundle,
)

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


def openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Path, Path]:
    """A private key, and a file with its public key."""
    return make_key(tmp_path, "shop")


@pytest.fixture
def bundle(tmp_path: Path, tiny_bundle: Path) -> Path:
    return Path(shutil.copy(tiny_bundle, tmp_path / "door.ocrgan"))


def make_key(folder: Path, name: str, kind: str = "ed25519") -> tuple[Path, Path]:
    private, public = folder / f"{name}.key", folder / f"{name}.pem"
    openssl("genpkey", "-algorithm", kind, "-out", private)
    openssl("pkey", "-in", private, "-pubout", "-out", public)
    return private, public


def test_without_keys_any_bundle_is_taken(bundle: Path) -> None:
    assert open_trusted(bundle, None).manifest.name == "tiny"


def test_a_bundle_that_nobody_has_signed_is_refused(bundle: Path, shop: tuple[Path, Path]) -> None:
    with pytest.raises(BundleError, match=r"door\.ocrgan is not signed, wanted a signature by"):
        open_trusted(bundle, shop[1])


def test_a_signed_bundle_is_taken_and_says_what_it_said(
    bundle: Path, shop: tuple[Path, Path]
) -> None:
    before = open_bundle(bundle).manifest
    sign_bundle(bundle, read_private_key(shop[0]))
    assert open_trusted(bundle, shop[1]).manifest == before
    assert open_trusted(bundle, None).manifest == before


def test_openssl_agrees_with_the_signature(
    bundle: Path, shop: tuple[Path, Path], tmp_path: Path
) -> None:
    sign_bundle(bundle, read_private_key(shop[0]))
    with zipfile.ZipFile(bundle) as archive:
        manifest, signature = (
            archive.extract(MANIFEST, tmp_path),
            archive.extract(SIGNATURE, tmp_path),
        )
    openssl(
        "pkeyutl", "-verify", "-pubin", "-inkey", shop[1], "-rawin", "-in", manifest,
        "-sigfile", signature,
    )  # fmt: skip


def test_a_bundle_signed_by_somebody_else_is_refused(
    bundle: Path, shop: tuple[Path, Path], tmp_path: Path
) -> None:
    stranger, _ = make_key(tmp_path, "stranger")
    sign_bundle(bundle, read_private_key(stranger))
    with pytest.raises(BundleError, match="is signed, but not by"):
        open_trusted(bundle, shop[1])


def test_a_file_may_hold_several_keys(
    bundle: Path, shop: tuple[Path, Path], tmp_path: Path
) -> None:
    new, public = make_key(tmp_path, "new")
    both = tmp_path / "both.pem"
    both.write_bytes(shop[1].read_bytes() + public.read_bytes())
    sign_bundle(bundle, read_private_key(new))
    assert open_trusted(bundle, both).manifest.name == "tiny"


def test_a_manifest_that_was_changed_after_signing_is_refused(
    bundle: Path, shop: tuple[Path, Path]
) -> None:
    """Whoever writes the bundle anew keeps the signature of what it was."""
    sign_bundle(bundle, read_private_key(shop[0]))
    with zipfile.ZipFile(bundle) as archive:
        signature = archive.read(SIGNATURE)
    opened = open_bundle(bundle)
    members = {name: opened.member(name) for name in opened.manifest.members}
    write_bundle(bundle, opened.manifest.model_copy(update={"name": "other"}), members)
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr(SIGNATURE, signature)
    with pytest.raises(BundleError, match="is signed, but not by"):
        open_trusted(bundle, shop[1])


def test_a_graph_that_was_changed_after_signing_is_refused(
    bundle: Path, shop: tuple[Path, Path]
) -> None:
    sign_bundle(bundle, read_private_key(shop[0]))
    with zipfile.ZipFile(bundle) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data + b" " if name.startswith("graphs/") else data)
    with pytest.raises(BundleError, match="was altered"):
        open_trusted(bundle, shop[1])


def test_signing_again_replaces_the_signature(
    bundle: Path, shop: tuple[Path, Path], tmp_path: Path
) -> None:
    new, public = make_key(tmp_path, "new")
    for key in (shop[0], new):
        sign_bundle(bundle, read_private_key(key))
    assert open_trusted(bundle, public).manifest.name == "tiny"
    with pytest.raises(BundleError, match="is signed, but not by"):
        open_trusted(bundle, shop[1])


@pytest.mark.parametrize("content", [None, b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n"])
def test_a_file_without_keys_is_told_by_its_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "keys.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"keys\.pem"):
        read_public_keys(path)


def test_keys_of_another_kind_are_refused(tmp_path: Path) -> None:
    private, public = make_key(tmp_path, "old", "RSA")
    with pytest.raises(SettingsError, match="must hold Ed25519 public keys"):
        read_public_keys(public)
    with pytest.raises(SettingsError, match="no Ed25519 private key"):
        read_private_key(private)


def test_a_file_that_is_replaced_after_it_was_opened_is_refused(
    bundle: Path, shop: tuple[Path, Path]
) -> None:
    opened = open_bundle(bundle)
    sign_bundle(bundle, read_private_key(shop[0]))
    with pytest.raises(BundleError, match="was changed while it was being opened"):
        check_signature(opened, read_public_keys(shop[1]), "shop")
