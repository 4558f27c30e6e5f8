"""Every shape annotation of the training package is checked whenever its tests run."""

from collections.abc import Iterator

import pytest
import torch
from jaxtyping import install_import_hook

install_import_hook("ocrgan_training", "beartype.beartype")


@pytest.fixture(autouse=True)
def _repeatable() -> Iterator[None]:
    """The same initial weights in every run, and one thread: tests share the machine's cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)
