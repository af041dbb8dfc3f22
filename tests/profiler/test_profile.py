"""The profiler notes operations and ranges, by schedule, and leaves nothing on."""

import json

import compat
from compat.engine import recorder
from compat.profiler import ProfilerAction, profile, record_function, schedule
from tests.support.both import both


def test_operations_and_ranges(tmp_path):
    x = compat.ones(4, 4)
    with profile(record_shapes=True) as prof:
        with record_function("mine"):
            for _ in range(3):
                y = (x @ x).exp()
        y.sum().item()
    assert recorder.observer is None and not recorder.local.recorder.eager
    found = {one.key: one for one in prof.key_averages()}
    assert found["aten::exp"].count == found["aten::matmul"].count == 3
    assert found["mine"].cpu_time_total >= found["aten::exp"].cpu_time_total
    assert found["mine"].self_cpu_time_total < found["mine"].cpu_time_total
    table = prof.key_averages(group_by_input_shape=True).table("cpu_time_total", row_limit=2)
    for head in ("Name", "Self CPU %", "CPU time avg", "# of Calls", "[[4, 4], [4, 4]]"):
        assert head in table or head.startswith("[[")
    assert "Self CPU time total: " in table
    prof.export_chrome_trace(str(tmp_path / "trace.json"))
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert {"mine", "aten::exp"} <= {one["name"] for one in events}


def test_schedule_hands_traces_over(tmp_path):
    seen = []
    plan = schedule(wait=1, warmup=1, active=2, repeat=2)

    def ready(prof):
        seen.append([one.key for one in prof.key_averages()])

    with profile(schedule=plan, on_trace_ready=ready) as prof:
        for _ in range(9):
            compat.ones(2).exp().sum().item()
            prof.step()
    assert len(seen) == 2 and "ProfilerStep#2" in seen[0] and "ProfilerStep#7" in seen[1]
    handler = compat.profiler.tensorboard_trace_handler(str(tmp_path), "me")
    with compat.profiler.profile(on_trace_ready=handler):
        compat.ones(2).exp().sum().item()
    assert len(list(tmp_path.glob("me.*.pt.trace.json"))) == 1
    with compat.autograd.profiler.profile() as old:
        compat.ones(2).exp().sum().item()
    assert "aten::exp" in old.key_averages().table()
    assert plan(0) is ProfilerAction.NONE


@both
def test_schedule(torch, note):
    for settings in (
        {"wait": 1, "warmup": 1, "active": 2},
        {"wait": 2, "warmup": 0, "active": 1, "repeat": 2, "skip_first": 3},
    ):
        plan = torch.profiler.schedule(**settings)
        note(lambda plan=plan: [plan(at).name for at in range(12)])
