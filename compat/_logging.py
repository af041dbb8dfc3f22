"""torch._logging: what of PyTorch's logs has an answer here.

PyTorch's compiler writes logs; this library has none. Two of them ask what its own report knows:
`graph_breaks` (where the program looks at values, which ends a recorded program) and `recompiles`
(what was compiled). For these the report is written to stderr when the program ends. All others
are checked and change nothing, with one warning that says so.
"""

from __future__ import annotations

import atexit
import importlib.util
import logging
import sys
import warnings
from typing import Any

from compat.engine import report
from compat.imports import replaced

LEVELS = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG, 0)
# Logs with a level each, and logs that are on or off.
LOGS = (
    "all", "dynamo", "aot", "autograd", "dynamic", "inductor", "distributed", "c10d", "ddp",
    "fsdp", "dtensor", "onnx", "export",
)  # fmt: skip
SWITCHES = (
    "bytecode", "aot_graphs", "aot_joint_graph", "ddp_graphs", "graph", "graph_code",
    "graph_code_verbose", "graph_breaks", "side_effects", "graph_sizes", "guards", "recompiles",
    "recompiles_verbose", "trace_source", "trace_call", "trace_bytecode", "output_code",
    "kernel_code", "schedule", "perf_hints", "pre_grad_graphs", "post_grad_graphs",
    "ir_pre_fusion", "ir_post_fusion", "onnx_diagnostics", "fusion", "overlap", "cudagraphs",
    "sym_node", "compiled_autograd", "compiled_autograd_verbose", "cudagraph_static_inputs",
    "benchmarking", "autotuning", "incremental", "graph_region_expansion", "inductor_metrics",
    "hierarchical_compile", "compute_dependencies", "caching",
)  # fmt: skip
REPORTED = ("graph_breaks", "recompiles", "recompiles_verbose")

_on: set[str] = set()  # what the report was asked for by
_warned = False


def set_logs(*, modules: dict[str, Any] | None = None, **logs: Any) -> None:
    """Chooses logs, in place of those chosen before.

    graph_breaks, recompiles   write the library's report to stderr when the program ends
    modules                    further logs by the names of modules
    All other names of PyTorch's are taken and change nothing. TypeError for any other name,
    ValueError for a level or a switch that is none.
    """
    for name in logs:
        if name not in (*LOGS, *SWITCHES):
            raise TypeError(f"set_logs() got an unexpected keyword argument '{name}'")
    chosen = {**logs, **(modules or {})}
    for name, value in chosen.items():
        _check(name, value)
    _report({name for name in REPORTED if chosen.get(name)})
    _warn([name for name, value in chosen.items() if name not in REPORTED and _asks(name, value)])


def _check(name: str, value: Any) -> None:
    """Raises for a value that the log does not take; None is always taken."""
    if value is None:
        return
    if name in SWITCHES:
        if not isinstance(value, bool):
            raise ValueError(f"Expected bool to enable artifact {name}, received {value}")
        return
    if name not in LOGS:  # a module's; PyTorch does not look at its level
        if importlib.util.find_spec(replaced(name)) is None:
            raise ValueError(f"Unrecognized log or artifact name passed to set_logs: {name}")
        return
    if value not in LEVELS:
        raise ValueError(
            f"Unrecognized log level for log {'torch' if name == 'all' else name}: {value}, valid "
            f"level values are: {','.join(map(str, LEVELS))}"
        )


def _asks(name: str, value: Any) -> bool:
    """Whether a setting asks for something to be written that would not be without it."""
    if name in LOGS:
        return value is not None and value is not False and value < logging.WARNING
    return bool(value)


def _report(wanted: set[str]) -> None:
    """Has the report written at the end, or not any more; places are counted from here on."""
    if "graph_breaks" in wanted and report.looks is None:
        report.watch_looks()
    if wanted and not _on:
        atexit.register(_tell)
    if _on and not wanted:
        atexit.unregister(_tell)
    _on.clear()
    _on.update(wanted)


def _tell() -> None:
    print(report.summary(), file=sys.stderr)


def _warn(names: list[str]) -> None:
    global _warned
    if names and not _warned:
        _warned = True
        warnings.warn(
            f"set_logs: compat does not write PyTorch's logs ({', '.join(names)}); "
            "`compat.stats()`, `compat.explain` and `python -m compat run --report` tell what runs",
            stacklevel=3,
        )
