"""An accelerator that is none: tensors of another device that hold their numbers on the CPU.

They say that they are on PyTorch's ``meta`` device, which every build has. As on a real accelerator
an operation on tensors of two devices raises, and what makes the host wait, or copies from one to
the other, is recorded with the line of the package that asked for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

import bioassay_mtl

DEVICE = torch.device("meta")
_PACKAGE = str(Path(bioassay_mtl.__file__).parent)
_COPIES = {"_to_copy", "copy_", "_copy_from", "_foreach_copy_"}
_WAITS = {
    "_local_scalar_dense",
    "_unique2",
    "bincount",
    "equal",
    "is_nonzero",
    "linalg_eigh",
    "masked_select",
    "nonzero",
    "unique_consecutive",
    "unique_dim",
}


@dataclass
class Record:
    """What has kept a device from working ahead of its host.

    Attributes
    ----------
    waits
        Lines that need a number, or a size, which only the device knows.
    to_device, to_host
        Lines that copy.
    sent
        Bytes that are copied to the device.
    """

    waits: list[str] = field(default_factory=list)
    to_device: list[str] = field(default_factory=list)
    to_host: list[str] = field(default_factory=list)
    sent: int = 0

    def clear(self) -> None:
        """Forget what has been, the start of a run say."""
        for lines in (self.waits, self.to_device, self.to_host):
            lines.clear()
        self.sent = 0

    @property
    def counts(self) -> tuple[int, int, int]:
        """Numbers of waits, of copies to the device and of those to the host."""
        return len(self.waits), len(self.to_device), len(self.to_host)


class PretendTensor(Tensor):
    """Numbers of the pretended device."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> PretendTensor:
        made = Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=DEVICE,
        )
        made.held = held
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    def __repr__(self) -> str:  # type: ignore[override]
        return f"PretendTensor({self.held})"

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise RuntimeError(f"{func} on the pretended device, outside `pretended`")


class _Kernels(TorchDispatchMode):
    """Operations run on the CPU, by whose tensors the pretended ones are held."""

    def __init__(self, record: Record) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._record = record

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = func.overloadpacket.__name__
        tensors = list(_tensors((args, kwargs)))
        ours = [each for each in tensors if isinstance(each, PretendTensor)]
        made_here = _is_ours(kwargs.get("device"))
        if not ours and not made_here:
            return func(*args, **kwargs)
        if name in _COPIES:
            return self._copied(func, args, kwargs)
        # A single number of the host may meet any tensor, as it is sent with the operation.
        if ours and any(each.dim() and each not in _Same(ours) for each in tensors):
            raise RuntimeError(f"{func}: tensors of two devices")
        if name in _WAITS or _needs_a_size(func, name, args, kwargs):
            self._record.waits.append(f"{name} {_line()}")
        if made_here:
            kwargs["device"] = torch.device("cpu")
        elif kwargs.get("device") is not None:
            raise RuntimeError(f"{func}: made on {kwargs['device']} of a tensor elsewhere")
        found = func(*tree_map(_held, args), **tree_map(_held, kwargs))
        return _wrapped(found, tensors)

    def _copied(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        if func.overloadpacket.__name__ == "_to_copy":
            return self._converted(func, args[0], kwargs)
        targets, sources = (each if isinstance(each, list) else [each] for each in args[:2])
        for target, source in zip(targets, sources, strict=True):
            self._note(source, isinstance(target, PretendTensor))
        func(*tree_map(_held, args), **kwargs)
        return None if isinstance(args[0], list) else args[0]

    def _converted(self, func: Any, x: Tensor, kwargs: dict[str, Any]) -> Tensor:
        device = kwargs.pop("device", None)
        ours = isinstance(x, PretendTensor) if device is None else _is_ours(device)
        self._note(x, ours)
        kwargs.pop("non_blocking", None)
        found: Tensor = func(_held(x), **kwargs, device=torch.device("cpu"))
        return PretendTensor(found) if ours else found

    def _note(self, source: Any, is_ours: bool) -> None:
        if isinstance(source, PretendTensor) == is_ours:
            return
        lines = self._record.to_device if is_ours else self._record.to_host
        lines.append(_line())
        self._record.sent += source.nbytes if is_ours and isinstance(source, Tensor) else 0


class _Python(TorchFunctionMode):
    """What PyTorch does of itself for tensors of the ``meta`` device, which have no numbers."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.tensor and _is_ours(kwargs.get("device")):
            return torch.tensor(*args, **{**kwargs, "device": "cpu"}).to(DEVICE)
        if not args or not isinstance(args[0], PretendTensor):
            return func(*args, **kwargs)
        if func == torch.Tensor.is_meta.__get__:  # type: ignore[attr-defined]
            return False
        if func == torch.Tensor.data.__set__:  # type: ignore[attr-defined]
            args[0].held = args[1].held
            return None
        if func is torch.Tensor.tolist:
            return args[0].cpu().tolist()
        return func(*args, **kwargs)


class _Same:
    """Tensors by identity: their own equality is elementwise."""

    def __init__(self, tensors: list[Any]) -> None:
        self._ids = {id(each) for each in tensors}

    def __contains__(self, tensor: Tensor) -> bool:
        return id(tensor) in self._ids


@contextmanager
def pretended() -> Iterator[Record]:
    """Inside, :data:`DEVICE` works; outside, there is no such device."""
    record = Record()
    with _Kernels(record), _Python():
        yield record


def _is_ours(device: Any) -> bool:
    return device is not None and torch.device(device) == DEVICE


def _tensors(tree: Any) -> Iterator[Tensor]:
    return (each for each in torch.utils._pytree.tree_leaves(tree) if isinstance(each, Tensor))


def _held(value: Any) -> Any:
    return value.held if isinstance(value, PretendTensor) else value


def _wrapped(found: Any, given: list[Tensor]) -> Any:
    """Results as tensors of the device; those that were changed in place as themselves."""
    known = {id(_held(each)): each for each in given}

    def wrap(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        return known.get(id(value)) if id(value) in known else PretendTensor(value)

    return tree_map(wrap, found)


def _needs_a_size(func: Any, name: str, args: Any, kwargs: dict[str, Any]) -> bool:
    """Whether the size of the result depends on numbers that the device has."""
    if name == "repeat_interleave":
        return kwargs.get("output_size") is None
    if name in ("index", "index_put", "index_put_"):
        return any(each is not None and each.dtype == torch.bool for each in args[1])
    return False


def _line() -> str:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if (file := frame.f_code.co_filename).startswith(_PACKAGE):
            return f"{Path(file).relative_to(_PACKAGE)}:{frame.f_lineno}"
        frame = frame.f_back
    return "elsewhere"
