"""Tests of compat.autograd."""
