"""Tests of compat.func."""
