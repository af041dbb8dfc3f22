"""Tests of compat.jit, compat.compiler and compat.fx."""
