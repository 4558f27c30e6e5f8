"""States as flat lists of named tensors, which is how a graph takes and gives them."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor


def named_tensors(state: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a state with its path, as `generator.skips.0.attention.keys`, in order.

    A state is a tensor, None (no tensor), or a tuple of states.
    """
    if isinstance(state, Tensor):
        yield name, state
    elif state is not None:
        fields = getattr(state, "_fields", range(len(state)))
        for field, part in zip(fields, state, strict=True):
            yield from named_tensors(part, f"{name}.{field}" if name else str(field))


def with_tensors(like: Any, tensors: Iterator[Tensor]) -> Any:
    """A state of the same kind as `like`, made of the next tensors in the order of their names."""
    if like is None:
        return None
    if isinstance(like, Tensor):
        return next(tensors)
    parts = [with_tensors(part, tensors) for part in like]
    return type(like)(*parts) if hasattr(like, "_fields") else tuple(parts)


def state_bytes(state: Any) -> int:
    """Bytes of all tensors of a state."""
    return sum(tensor.nbytes for _, tensor in named_tensors(state))
