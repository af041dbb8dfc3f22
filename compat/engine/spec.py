"""What one recorded entry does: a pure function at given shapes, types and settings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compat.core import dtype as d
from compat.engine import disk, report
from compat.engine.turned import turned
from compat.engine.value import Meta, meta

# How a Python number travels to a program: a letter for its kind, packed by kind.
KINDS: dict[type, str] = {bool: "b", int: "i", float: "f", complex: "c"}
SCALAR_AVALS = {
    "b": jax.ShapeDtypeStruct((), np.bool_),
    "i": jax.ShapeDtypeStruct((), np.int64),
    "f": jax.ShapeDtypeStruct((), np.float64),
    "c": jax.ShapeDtypeStruct((), np.complex128),
}


class Spec:
    """A pure function over arrays, then scalars, with everything static bound.

    There is one object for one function, settings and operand shapes, so a recorded section
    is a tuple of specs and places that hashes by identity.

    name     what the entry is called in reports
    mark     its name on disk; None if it has none there. `recalled` whether the disk knew it
    run      the function, jitted so that its trace is shared by everybody who calls it; `make`
             makes it when it is first asked for, which may be never
    arity    how many arrays it takes
    kinds    the kinds of the scalars that follow, one letter each
    outs     the metas of the results
    guarded  whether the last result is a check: 0-dim bool, False when the data were wrong
    message  what to raise then
    runner   what runs the entry alone: an executable, or a function over NumPy arrays
    on_host  whether it is the latter; `tried` whether that was asked already
    program  what the host runs (engine/host/plain.py)
    for_cpu  the function as XLA is to compile it for a CPU, once that has been asked for
    seconds  what a run alone is expected to take, `products` for matrix products and so much for
             the rest; `spent` what dear runs on the host have taken
    """

    __slots__ = (
        "name", "mark", "recalled", "make", "_run", "arity", "avals", "kinds", "outs", "guarded",
        "message", "runner", "on_host", "tried", "program", "for_cpu", "seconds", "products",
        "spent", "__weakref__",
    )  # fmt: skip

    name: str
    mark: disk.Mark | None
    recalled: bool
    make: Callable[[], Callable[..., Any]]
    _run: Callable[..., Any] | None
    arity: int
    avals: tuple[Any, ...]
    kinds: str
    outs: tuple[Meta, ...]
    guarded: bool
    message: tuple[type[Exception], str] | None
    runner: Any
    on_host: bool
    tried: bool
    program: Any
    for_cpu: Callable[..., Any] | None
    seconds: float
    products: float
    spent: float

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(_short(aval) for aval in self.avals)})"

    @property
    def run(self) -> Callable[..., Any]:
        """The function."""
        if self._run is None:
            self._run = jax.jit(self.make(), inline=True)
        return self._run

    def run_on(self, platform: str) -> Callable[..., Any]:
        """The function as XLA is to compile it for a platform: `run` or one that gives the same."""
        if platform != "cpu":
            return self.run
        if self.for_cpu is None:
            changed = turned(self.jaxpr())
            self.for_cpu = jax.jit(changed, inline=True) if changed else self.run
        return self.for_cpu

    @property
    def excess(self) -> float:
        """Seconds that the host takes longer than launching an executable would."""
        if not self.on_host:
            return 0.0
        return self.seconds - launched(SINGLE_LAUNCH, self.seconds, self.products, ALONE)

    @property
    def largest(self) -> int:
        """The elements of the largest result."""
        return max([one.numel for one in self.outs], default=0)

    def _scalars(self) -> list[Any]:
        return [SCALAR_AVALS[kind] for kind in self.kinds]

    def jaxpr(self) -> Any:
        """The program as JAX writes it down."""
        with jax.enable_x64(True):
            return self.run.trace(*self.avals, *self._scalars()).jaxpr  # type: ignore[attr-defined]

    def compiled(self, platform: str) -> Any:
        """The executable for running this entry alone, which becomes its runner."""

        def lower() -> tuple[Any, Any]:
            options = _PLAIN_LOOPS if len(self.jaxpr().eqns) == 1 else None
            function: Any = self.run_on(platform)
            return function.lower(*self.avals, *self._scalars()), options

        self.runner = report.compiled(
            f"op {self.name}", lambda: disk.executable(self.mark, lower)
        )
        return self.runner


# XLA:CPU's emitters for fused loops are the better ones, but for one elementwise operation alone
# without a broadcast: 1024x1024 `a + b` takes 280 us by them, 135 by the older ones.
_PLAIN_LOOPS: Any = {"xla_cpu_use_fusion_emitters": False}


def _short(aval: Any) -> str:
    return f"{aval.dtype}[{','.join(map(str, aval.shape))}]"


# Shares of NumPy's time that XLA takes for matrix products, for the rest in one entry, and for
# the rest in a whole program, which fuses it. Joined into one function NumPy takes less, too.
PRODUCTS, ALONE, FUSED, TOGETHER = 0.8, 0.7, 0.15, 0.6


def launched(launch: float, seconds: float, products: float, rest: float) -> float:
    """Seconds that an executable takes for what takes NumPy so long."""
    return launch + PRODUCTS * products + rest * (seconds - products)


SINGLE_LAUNCH = 25e-6  # seconds of launching the executable of one entry
LIMIT = 4_096  # specs kept; the least recently made fall out
_specs: OrderedDict[Hashable, Spec] = OrderedDict()
report.gauge("specs", lambda: len(_specs))


def spec(
    key: Hashable,
    name: str,
    make: Callable[[], Callable[..., Any]],
    inputs: Sequence[Meta],
    kinds: str = "",
    message: tuple[type[Exception], str] | None = None,
) -> Spec:
    """The spec of a function on these inputs; `make` builds the function the first time.

    The key names the function and its settings. The function is traced here, without data, so
    a wrong shape is refused at the line that asked for it.
    """
    device = inputs[0].device if inputs else None  # the metas of the results name it
    full_key = (key, tuple([one.facts for one in inputs]), kinds, device)
    found = _specs.get(full_key)
    if found is not None:
        _specs.move_to_end(full_key)
        return found
    made = Spec()
    made.name = name
    made.make, made._run = make, None
    made.arity = len(inputs)
    made.avals = tuple(one.aval for one in inputs)
    made.kinds = kinds
    made.runner, made.on_host, made.tried, made.for_cpu = None, False, False, None
    made.seconds, made.products, made.spent = SINGLE_LAUNCH, 0.0, 0.0
    made.guarded, made.message = message is not None, message
    made.mark = disk.mark(full_key)
    outs = disk.recall(made.mark)
    made.recalled = outs is not None
    if outs is None:
        outs = _traced(made)
        disk.remember(made.mark, outs)
    made.outs = tuple([_meta_of(shape, kind, device) for shape, kind in outs])
    _specs[full_key] = made
    if len(_specs) > LIMIT:
        _specs.popitem(last=False)
    return made


def _traced(made: Spec) -> list[tuple[list[int], str]]:
    """Shapes and types of the results, by tracing the function."""
    try:
        with jax.enable_x64(True):
            outs = jax.eval_shape(made.run, *made.avals, *made._scalars())
    except Exception as error:  # the user's line is what matters, not how JAX came to it
        error.__cause__, error.__suppress_context__ = None, True
        if hasattr(error, "__notes__"):
            del error.__notes__
        if isinstance(error, TypeError | ValueError) and _is_of_jax(error):
            raise RuntimeError(f"{made.name}(): {error}") from None  # as PyTorch names wrong shapes
        raise
    outs = outs if isinstance(outs, tuple) else (outs,)
    return [(list(out.shape), str(out.dtype)) for out in outs]


def _is_of_jax(error: BaseException) -> bool:
    """Whether JAX itself found the arguments wrong, and none of our own checks."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = trace.tb_frame.f_globals.get("__name__", "") if trace is not None else ""
    return where.startswith(("jax.", "numpy.", "opt_einsum."))


def _meta_of(shape: Sequence[int], kind: str, device: Any) -> Meta:
    dtype = d.from_numpy_type(jnp.dtype(kind))
    return meta(shape, dtype, None, device) if device else meta(shape, dtype)
