"""Tests of compat.profiler."""
