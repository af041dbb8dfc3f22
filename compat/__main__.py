"""The command line: `python -m compat run script.py args...`, `run -m package`, `check`, `ops`."""

from __future__ import annotations

import argparse
import atexit
import os
import runpy
import sys
import traceback
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import compat
from compat import coverage
from compat.check import check
from compat.children import adopt
from compat.engine import report
from compat.imports import install


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; gives the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["run"]:
        return run(given[1:])
    parser = argparse.ArgumentParser(prog="python -m compat", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run a script, with torch meaning compat")
    ops = commands.add_parser("ops", help="list the declared ops, or say where one is")
    ops.add_argument("names", nargs="*")
    ops.add_argument("--table", action="store_true", help="how much of PyTorch is there")
    ops.add_argument("--missing", action="store_true", help="and what is not")
    checks = commands.add_parser("check", help="say which torch names of a code base are missing")
    checks.add_argument("paths", nargs="+")
    chosen = parser.parse_args(given)
    if chosen.command == "check":
        return check(chosen.paths)
    if chosen.table or chosen.missing:
        lines = [*(coverage.table() if chosen.table else ())]
        print(*lines, *(coverage.missing() if chosen.missing else ()), sep="\n")
        return 0
    return list_ops(chosen.names)


def run(given: list[str]) -> int:
    """Runs a script or a module as `python` would, with torch meaning compat."""
    eager = False
    while given and given[0].startswith("--"):
        flag = given.pop(0)
        if flag == "--api" and given:
            compat.set_api(given.pop(0))
        elif flag == "--eager":
            eager = True
        elif flag == "--report":
            report.watch_looks()
            atexit.register(lambda: print(report.summary(), file=sys.stderr))
        else:
            print(f"python -m compat run: unknown option {flag}", file=sys.stderr)
            return 2
    if not given:
        usage = "python -m compat run [--eager] [--report] [--api 2 | 0.4]"
        print(f"usage: {usage} script.py [args...]", file=sys.stderr)
        print(f"       {usage} -m module [args...]", file=sys.stderr)
        return 2
    install()
    adopt()
    try:
        with compat.eager(eager):
            if given[0] == "-m":
                sys.argv = given[1:]
                sys.path.insert(0, os.getcwd())
                runpy.run_module(given[1], run_name="__main__", alter_sys=True)
            else:
                _run_file(given)
    except SystemExit as end:
        return _status(end)
    except KeyboardInterrupt:
        return 130
    except BaseException as error:
        _show(error)
        return 1
    return 0


def _run_file(given: list[str]) -> None:
    script = given[0]
    if not os.path.exists(script):
        print(f"python -m compat run: can't open file '{script}'", file=sys.stderr)
        raise SystemExit(2)
    sys.argv = given
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    module: Any = type(sys)("__main__")
    module.__file__ = script
    module.__builtins__ = __builtins__
    module.__dict__["__cached__"] = None
    sys.modules["__main__"] = module
    with open(script, "rb") as source:
        code = compile(source.read(), script, "exec", dont_inherit=True)
    exec(code, module.__dict__)


def _status(end: SystemExit) -> int:
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code
    print(end.code, file=sys.stderr)
    return 1


_HOME = os.path.dirname(os.path.abspath(__file__))


def _show(error: BaseException) -> None:
    """The traceback of a script: its own lines, without the frames of this launcher and without
    the library's frames below them, unless COMPAT_TRACEBACK=full."""
    trace = error.__traceback__
    while trace is not None and _is_launcher(trace):
        trace = trace.tb_next
    if os.environ.get("COMPAT_TRACEBACK") != "full":
        trace = _without_ours(trace)
    traceback.print_exception(type(error), error.with_traceback(trace), trace)


def _is_launcher(trace: TracebackType) -> bool:
    name = trace.tb_frame.f_code.co_filename
    return name in (__file__, os.path.abspath(__file__)) or name.startswith("<frozen")


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    """The traceback up to where it enters the library."""
    kept: list[TracebackType] = []
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not (name.startswith((_HOME + os.sep, "<compat")) or "site-packages/jax" in name):
            kept.append(trace)
        trace = trace.tb_next
    result: TracebackType | None = None
    for one in reversed(kept):
        result = TracebackType(result, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return result


def list_ops(names: Sequence[str]) -> int:
    """Prints where each op (or all of them) is declared."""
    from compat.ops.declare import OPS, VIEWS

    places: dict[str, Any] = {op.name: op.body for op in OPS.values()}
    places |= {view.name: view.geometry for view in VIEWS.values()}
    for name in names or sorted(places):
        if name not in places:
            print(f"{name}: not declared", file=sys.stderr)
            return 1
        code = places[name].__code__
        print(f"{name:<32} {os.path.relpath(code.co_filename)}:{code.co_firstlineno}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
