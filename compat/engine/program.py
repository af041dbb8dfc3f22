"""A section run: as one compiled program, or entry by entry through small executables."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import numpy as np
from jax import lax

from compat.core.device import jax_device
from compat.engine import disk, report
from compat.engine.section import Section
from compat.engine.spec import FUSED, TOGETHER, Spec, launched
from compat.engine.value import Value

# Seconds of compiling, as a rough model of what was measured on a 2-core CPU: a ResNet-18 step
# (147 entries, 59 distinct) 2.9 s whole and 5.2 s op by op, an unrolled GRU (1,471 entries, 33
# distinct) 5-6 s whole and 1.4 s op by op, an MLP step (15 entries) 0.45 s whole.
WHOLE_BASE, WHOLE_ENTRY, WHOLE_SPEC = 0.1, 0.0035, 0.025
SINGLE_SPEC = 0.06
# Seconds of running a program besides its work: its launch, each array in and out, each entry.
LAUNCH, LEAF, RESULT, ENTRY = 25e-6, 0.4e-6, 1.2e-6, 0.2e-6
BYTE = 0.3e-9  # and of bringing a byte of NumPy's to the device
WORTH = 1.25  # how much faster than op by op a program must be, to be worth compiling
LAUNCHED = 0.3  # of the time of a section that launches many: what one program for all saves
# The part of the compile time that op-by-op running may have cost when the compiling thread is
# asked, since it takes a core that is mostly idle.
SHARE = 0.05

set_array: Callable[[Value, Any], None] = Value.array.__set__  # type: ignore[attr-defined]


class Entry:
    """One entry of a closed section: a spec, where its operands are, its first result."""

    __slots__ = ("spec", "operands", "numbers", "first")

    def __init__(
        self, spec: Spec, operands: tuple[int, ...], numbers: tuple[Any, ...], first: int
    ) -> None:
        self.spec, self.operands, self.numbers, self.first = spec, operands, numbers, first


def decode(wiring: Sequence[Any]) -> list[Entry]:
    """The entries of a section's wiring, with the packed positions of their numbers."""
    entries: list[Entry] = []
    at = results = floats = ints = 0
    while at < len(wiring):
        spec: Spec = wiring[at]
        numbers = []
        for kind in spec.kinds:
            if kind in "fc":
                numbers.append((kind, floats))
                floats += 1 + (kind == "c")
            else:
                numbers.append((kind, ints))
                ints += 1
        operands = tuple(wiring[at + 1 : at + 1 + spec.arity])
        entries.append(Entry(spec, operands, tuple(numbers), results))
        results += len(spec.outs)
        at += 1 + spec.arity
    return entries


def heirs_first(
    entries: Sequence[Entry], outputs: Iterable[int], donated: Iterable[int]
) -> tuple[int, ...]:
    """The outputs in an order in which JAX gives each donated buffer to the result that takes
    the leaf's place: it hands the buffers of a shape and type out in order.

    Result k of an entry takes the place of operand k, if they look alike: so in-place ops and
    optimizers are recorded. A parameter's buffer given to its gradient would have to be copied
    first, since the update still reads it: a quarter of the step of an MLP, and its memory twice.
    """
    rest = dict.fromkeys(sorted(outputs))
    origin: dict[int, int] = {}  # the donated leaf that a result takes the place of
    looks: dict[int, Any] = {}
    for entry in entries:
        for at, place in enumerate(entry.operands):
            looks.setdefault(place, entry.spec.avals[at])
            leaf = origin.get(place, place)
            if leaf < 0 and at < len(entry.spec.outs):
                if entry.spec.outs[at].aval == entry.spec.avals[at]:
                    origin[entry.first + at] = leaf
        for at, out in enumerate(entry.spec.outs):
            looks[entry.first + at] = out.aval
    heirs = {leaf: place for place, leaf in origin.items() if place in rest}
    order = []
    leaves = sorted(donated, reverse=True)
    taken = {heirs[leaf] for leaf in leaves if leaf in heirs}
    for leaf in leaves:
        heir = heirs.get(leaf)
        if heir is None:  # any other of its kind
            alike = (p for p in rest if p not in taken and looks[p] == looks[leaf])
            heir = next(alike, None)
        if heir is not None:
            order.append(heir)
            del rest[heir]
    return (*order, *rest)


class Program:
    """A compiled section for a set of results and of donated leaves."""

    __slots__ = ("outputs", "donated", "executable", "call", "aliases", "device")

    def __init__(self, outputs: tuple[int, ...], donated: frozenset[int]) -> None:
        self.outputs, self.donated = outputs, donated
        self.executable: Any = None
        self.call: Callable[..., Any]

    def covers(self, live: Iterable[int], free: frozenset[int]) -> bool:
        """Whether it gives all live results and destroys only what is free to be destroyed."""
        return self.donated <= free and set(live) <= set(self.outputs)


class Known:
    """What is known of a section's signature.

    wiring     the signature, and its name on disk
    entries    its entries, decoded once
    leaves     how many leaves they read
    programs   compiled so far; a few, since liveness is only a cover
    prepared   whether it was asked for each op where it runs
    visits     how often it was run
    spent      what op-by-op running has cost more than a program would have, in seconds
    estimate   what compiling it whole is expected to take, in seconds
    waiting    the program asked of the compiling thread, while it is not there yet
    slices     the entries that sets of live results depend on
    joined     functions that give sets of live results, mostly on the host
    served     what `ready` was asked last, with its answer; None after programs came or went
    excess     what a run op by op on the host costs more than a program would, in seconds; 0
               where not all is on the host, which is timed instead
    hosted     whether all entries ran on the host when that was worked out
    """

    __slots__ = (
        "wiring", "_mark", "entries", "leaves", "programs", "visits", "spent", "estimate",
        "waiting", "distinct", "prepared",
        "slices", "joined", "excess", "hosted", "_dear", "served",
    )  # fmt: skip

    def __init__(self, wiring: tuple[Any, ...]) -> None:
        self.wiring = wiring
        self._mark: disk.Mark | None = None
        self.entries = decode(wiring)
        places = [place for entry in self.entries for place in entry.operands]
        self.leaves = max(0, -min(places, default=0))
        self.distinct = list({entry.spec: None for entry in self.entries})
        # Programs of earlier runs; where an op is new the section is new, too.
        recalled = all([spec.recalled for spec in self.distinct])
        self.programs: list[Program] = self._recalled() if recalled else []
        self.visits, self.spent, self.prepared = 0, 0.0, False
        self.waiting: Program | None = None
        self.joined: dict[tuple[int, ...], Any] = {}
        self.served: tuple[list[int], frozenset[int], Program | None] | None = None
        self._dear: list[Spec] | None = None
        self.excess: float | None = None
        self.hosted = False
        self.slices: dict[tuple[int, ...], list[Entry]] = {}
        self.estimate = (
            WHOLE_BASE + WHOLE_ENTRY * len(self.entries) + WHOLE_SPEC * len(self.distinct)
        )

    @property
    def mark(self) -> disk.Mark | None:
        """Its name on disk."""
        if self._mark is None:
            self._mark = disk.mark("section", self.wiring)
        return self._mark

    def mark_of(self, program: Program) -> disk.Mark | None:
        """The name of a program on disk."""
        return self.mark and disk.mark(self.mark, program.outputs, tuple(sorted(program.donated)))

    def _recalled(self) -> list[Program]:
        """Programs that were compiled in earlier runs, to be loaded when they are needed."""
        known = disk.recall(self.mark) or ()
        return [Program(tuple(outputs), frozenset(donated)) for outputs, donated in known]

    @property
    def loaded(self) -> list[Program]:
        """The programs that can be run at once."""
        return [one for one in self.programs if one.executable is not None]

    def keep(self, program: Program) -> None:
        """Adds a program, which the next run will know of."""
        if program not in self.programs:
            self.programs.append(program)
            disk.remember(
                self.mark, [(one.outputs, sorted(one.donated)) for one in self.programs]
            )
        self.served = None

    def needed(self, live: Sequence[int]) -> list[Entry]:
        """The entries that these results depend on; remembered for a few sets of results."""
        key = tuple(live)
        found = self.slices.get(key)
        if found is None:
            if len(self.slices) >= 4:
                self.slices.clear()
            found = self.slices[key] = needed(self.entries, live)
        return found

    def ready(self, live: list[int], free: frozenset[int]) -> Program | None:
        """The program that gives these results and destroys most of what may be destroyed."""
        if self.served is None or self.served[:2] != (live, free):
            fitting = [made for made in self.programs if made.covers(live, free)]
            best = max(fitting, key=lambda made: len(made.donated), default=None)
            self.served = live, free, best
        return self.served[2]

    def is_dear(self, missing: int) -> bool:
        """Whether compiling so many ops alone takes about as long as compiling the whole."""
        return 2 * SINGLE_SPEC * missing > self.estimate

    def host_changed(self) -> None:
        """Forgets what was worked out while other ops were on the host."""
        self.joined.clear()
        self._dear = self.excess = None

    def dear(self) -> list[Spec]:
        """The ops for which the host takes longer than launching an executable would."""
        if self._dear is None:
            self._dear = [spec for spec in self.distinct if spec.excess > 0]
        return self._dear

    def weigh(self, results: int, transfers: float) -> None:
        """Works out what a run op by op costs more than a program with so many results, for which
        transfers to the device take so many seconds, would. Where not all is on the host that
        shows in how long it takes (`note`)."""
        self.hosted = all(entry.spec.on_host for entry in self.entries)
        if not self.hosted:
            self.excess = 0.0
            return
        alone = sum(entry.spec.seconds for entry in self.entries)
        products = sum(entry.spec.products for entry in self.entries)
        launch = LAUNCH + LEAF * self.leaves + RESULT * results + ENTRY * len(self.entries)
        alone = products + TOGETHER * (alone - products)
        whole = launched(launch + transfers, alone, products, FUSED)
        self.excess = alone - whole if alone > WORTH * whole else 0.0

    def note(self, seconds: float) -> None:
        """Adds what a run op by op of so many seconds has cost more than a program would have."""
        self.spent += (self.excess or 0.0) if self.hosted else LAUNCHED * max(0.0, seconds)


def arguments(section: Section, known: Known) -> list[Any]:
    """What a program of the section is called with: the numbers and the leaves.

    An interrupt in the middle of recording may have left a leaf that no entry reads at the end.
    """
    given = _handed(section.floats, np.float64) + _handed(section.ints, np.int64)
    for leaf in itertools.islice(section.leaves, known.leaves):
        array = leaf.array
        given.append(array if type(array) is not np.ndarray else on_device(leaf))
    return given


# Numbers from which on each is an argument of its own. In a pack it costs a microsecond less a
# launch, but XLA compiles a loop anew for each place in the pack that it reads: 66 of 229 loops of
# a ResNet-18 step, one for each count and each running mean and variance. Adam takes nine numbers,
# which all parameters read alike.
APART = 17


def _handed(numbers: list[Any], dtype: Any) -> list[Any]:
    """The arguments that numbers of a kind travel in."""
    if not numbers:
        return []
    pack = np.array(numbers, dtype)
    return [pack] if len(numbers) < APART else list(pack)


def _taken(rest: list[Any], count: int) -> Sequence[Any]:
    """The numbers of a kind, from the arguments that are left."""
    if not count:
        return ()
    return rest.pop(0) if count < APART else [rest.pop(0) for _ in range(count)]


def build(
    known: Known, program: Program, inputs: Sequence[Any], numbers: tuple[int, int], device: Any
) -> None:
    """Compiles the program for arguments of these shapes, so many floats and ints among them."""
    entries = needed(known.entries, program.outputs)

    def section(*given: Any) -> tuple[Any, ...]:
        rest = list(given)
        floats, ints = _taken(rest, numbers[0]), _taken(rest, numbers[1])
        results: dict[int, Any] = {-1 - place: leaf for place, leaf in enumerate(rest)}
        for entry in entries:
            operands = [results[place] for place in entry.operands]
            scalars = [_unpacked(kind, at, floats, ints) for kind, at in entry.numbers]
            made = entry.spec.run_on(device.platform)(*operands, *scalars)
            made = made if isinstance(made, tuple) else (made,)
            results.update(zip(itertools.count(entry.first), made))
        return tuple(results[place] for place in program.outputs)

    first = len(inputs) - known.leaves
    donated = tuple(first - 1 - place for place in sorted(program.donated, reverse=True))

    def lower() -> tuple[Any, Any]:
        return jax.jit(section, donate_argnums=donated).lower(*inputs), None

    def compile() -> Any:
        with jax.enable_x64(True), jax.default_device(device):
            return disk.executable(known.mark_of(program), lower)

    program.executable = report.compiled(f"section of {len(entries)} entries", compile)
    program.call = program.executable


def compile_alone(section: Section, entries: Sequence[Entry]) -> Any:
    """The executable of an open section with all its results, kept by nobody: to look at."""
    known = Known(tuple(section.wiring))
    last = entries[-1]
    made = Program(tuple(range(last.first + len(last.spec.outs))), frozenset())
    given = [jax.ShapeDtypeStruct(one.shape, one.dtype) for one in arguments(section, known)]
    device = jax_device(section.device)
    build(known, made, given, (len(section.floats), len(section.ints)), device)
    return made.executable


def _unpacked(kind: str, at: int, floats: Any, ints: Any) -> Any:
    if kind == "f":
        return floats[at]
    if kind == "c":
        return lax.complex(floats[at], floats[at + 1])
    return ints[at] != 0 if kind == "b" else ints[at]


def needed(entries: Sequence[Entry], outputs: Iterable[int]) -> list[Entry]:
    """The entries that the outputs depend on, in order."""
    wanted = set(outputs)
    kept = []
    for entry in reversed(entries):
        if any(place in wanted for place in range(entry.first, entry.first + len(entry.spec.outs))):
            kept.append(entry)
            wanted.update(entry.operands)
    return kept[::-1]


def run_whole(program: Program, section: Section, known: Known) -> None:
    """Launches the program and stores its results.

    Storing is one call into C, since an interrupt between the launch, which destroys donated
    buffers, and the storing would lose the parameters of a model.
    """
    values = section.values
    targets = [values[place] for place in program.outputs]
    given = arguments(section, known)
    report.counters["launches"] += 1
    call = program.call
    with jax.enable_x64(True):
        results = itertools.chain.from_iterable(itertools.starmap(call, (given,)))
        deque(map(set_array, targets, results), maxlen=0)
    if call is program.executable:  # from the second call on without the Python wrapper
        program.call = getattr(program.executable, "_call", None) or call


def on_device(leaf: Value) -> Any:
    """The leaf's array; a large one that is still NumPy's is worth a transfer of its own."""
    array = leaf.array
    if type(array) is np.ndarray and array.nbytes > 65_536:
        with jax.enable_x64(True):
            array = leaf.array = jax.device_put(array)
    return array


def prefers_whole(known: Known, policy: str | None = os.environ.get("COMPAT_RUN")) -> bool:
    """Whether a section met without a program should be compiled now, before it runs.

    Both ways compile what is missing. Once every op has its executable, or runs on the host, op
    by op costs nothing to start, and the section is compiled in the background when it turns out
    to repeat. COMPAT_RUN=whole or COMPAT_RUN=ops decides for all.
    """
    if policy:
        return policy == "whole"
    return known.is_dear(sum(spec.runner is None for spec in known.distinct))


def deserves_program(known: Known) -> bool:
    """The ski-rental rule: compile once running op by op has cost a share of what compiling will
    cost. A section that is as fast op by op is never compiled."""
    return known.spent >= SHARE * known.estimate


def transfers(section: Section, free: frozenset[int]) -> float:
    """Seconds in which what the host has computed would come to the device, in each run anew.

    Arrays that were brought, as data and parameters are, come once; what the section overwrites
    would stay there.
    """
    arrays = [
        leaf.array for leaf, place in section.leaves.items() if leaf.slot >= 0 and place not in free
    ]
    return BYTE * sum(one.nbytes for one in arrays if type(one) is np.ndarray)
