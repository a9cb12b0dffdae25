"""Sources of random numbers: generators of one's own, never PyTorch's global ones.

PyTorch's global generators belong to the user, and all threads share them: a training that reseeds
them changes what the user draws, and two trainings at once draw from each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_used: ContextVar[Draws | None] = ContextVar("used", default=None)


class Draws:
    """Random numbers from a seed: a generator for each device that draws.

    On a CPU they are those that PyTorch's global generator would give after
    ``torch.manual_seed(seed)``.

    Parameters
    ----------
    seed
        Seed that all draws depend on.
    replaced
        Whether all weights that are drawn are replaced: they are left as they are then.
    """

    def __init__(self, seed: int, *, replaced: bool = False) -> None:
        self._seed = seed
        self.replaced = replaced
        self._generators: dict[torch.device, torch.Generator] = {}

    def seed(self, seed: int) -> None:
        """Let all coming draws depend on this number alone."""
        self._seed = seed
        for generator in self._generators.values():
            generator.manual_seed(seed)

    def on(self, device: torch.device) -> torch.Generator:
        """The generator of a device."""
        if device not in self._generators:
            self._generators[device] = torch.Generator(device).manual_seed(self._seed)
        return self._generators[device]

    @contextmanager
    def used(self, *, everywhere: bool = True) -> Iterator[Draws]:
        """Context in which this thread draws from here.

        Parameters
        ----------
        everywhere
            Whether PyTorch's own layers, and any other code, draw from here too, at some
            microseconds an operation; else only what asks for a :func:`generator`.
        """
        token = _used.set(self)
        try:
            with _Redirected(self) if everywhere else nullcontext():
                yield self
        finally:
            _used.reset(token)


def generator(device: torch.device | str = "cpu") -> torch.Generator | None:
    """Generator that this thread draws from; None, PyTorch's own, without :class:`Draws`."""
    draws = _used.get()
    return None if draws is None else draws.on(torch.device(device))


class _Redirected(TorchDispatchMode):
    """Gives every operation that would draw from a global generator one of ours.

    A mode holds for one thread. It sees what a function of PyTorch is made of: the mask that
    `torch.nn.functional.dropout` draws, or the weights that `torch.nn.Linear` begins with.
    """

    def __init__(self, draws: Draws) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._draws = draws

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Compilers need not be kept out: to load PyTorch's for that takes a second."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = dict(kwargs or {})
        if torch.Tag.nondeterministic_seeded not in func.tags or given.get("generator"):
            return func(*args, **given)
        if self._draws.replaced and func in _OF_WEIGHTS and args[0].requires_grad:
            return args[0]
        if func is torch.ops.aten.native_dropout.default:
            return self._dropout(*args)
        if (change := _LIKE.get(func.overloadpacket)) is not None:
            blank = torch.empty_like(args[0], **given)
            return getattr(blank, change)(*args[1:], generator=self._on(blank.device))
        if (drawing := _with_generator(func)) is None:
            return func(*args, **given)  # such as an attention, which draws nothing without dropout
        tensors = (each.device for each in args if isinstance(each, torch.Tensor))
        device = next(tensors, None) or given.get("device") or "cpu"
        return drawing(*args, **given, generator=self._on(device))

    def _on(self, device: torch.device | str) -> torch.Generator:
        return self._draws.on(torch.device(device))

    def _dropout(self, x: torch.Tensor, p: float, train: bool | None) -> Any:
        """On an accelerator PyTorch's own draws, scales and multiplies at once."""
        if train is False or p == 0:
            return x.clone(), torch.ones_like(x, dtype=torch.bool)
        kept = torch.empty_like(x).bernoulli_(1 - p, generator=self._on(x.device))
        return x * kept / max(1 - p, torch.finfo(x.dtype).tiny), kept.bool()


_LIKE = {
    torch.ops.aten.rand_like: "uniform_",
    torch.ops.aten.randn_like: "normal_",
    torch.ops.aten.randint_like: "random_",
}
"""Functions that take no generator in all versions of PyTorch, and what does the same."""

_OF_WEIGHTS = (torch.ops.aten.normal_.default, torch.ops.aten.uniform_.default)
"""What fills weights that a layer begins with; of some fingerprints it is the most of loading."""


def _with_generator(func: Any) -> Any:
    """The same operation where it takes a generator; None where there is none."""
    if _takes_generator(func):
        return func
    name = "generator" if func._overloadname == "default" else f"{func._overloadname}_generator"
    return getattr(func.overloadpacket, name, None)


def _takes_generator(func: Any) -> bool:
    return any(each.name == "generator" for each in func._schema.arguments)
