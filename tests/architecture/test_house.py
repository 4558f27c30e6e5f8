"""The house keeps its shape: sizes of modules, names, and what a device installs."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("edge", "calibration", "training", "export")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_has_at_most_250_lines(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= 250


def test_no_module_is_named_after_nothing() -> None:
    nameless = {"utils", "util", "helpers", "manager", "base", "common", "misc"}
    assert not [path for path in MODULES if path.stem in nameless]


def test_a_device_installs_neither_torch_nor_exporters() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    installed = " ".join(project["dependencies"])
    assert not [name for name in ("torch", "nncf", "openvino", "onnx>") if name in installed]


def test_importing_a_package_does_no_work() -> None:
    """An `__init__.py` holds a docstring and, at most, the names that the package offers."""
    for init in (path for path in MODULES if path.name == "__init__.py"):
        docstring, *rest = ast.parse(init.read_text()).body
        assert isinstance(docstring, ast.Expr), init
        for statement in rest:
            names = isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0])
            assert isinstance(statement, ast.ImportFrom) or names == "__all__", init
