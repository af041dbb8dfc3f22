"""torch.profiler: what took how long."""

from __future__ import annotations

from compat.profiler.recording import record_function as record_function
from compat.profiler.session import ProfilerAction as ProfilerAction
from compat.profiler.session import ProfilerActivity as ProfilerActivity
from compat.profiler.session import kineto_available as kineto_available
from compat.profiler.session import profile as profile
from compat.profiler.session import schedule as schedule
from compat.profiler.session import supported_activities as supported_activities
from compat.profiler.session import tensorboard_trace_handler as tensorboard_trace_handler
