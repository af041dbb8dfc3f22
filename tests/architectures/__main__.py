"""Trains every network with compat alone and prints the losses as JSON, a network a line."""

from __future__ import annotations

import json

import compat
from tests.architectures.curves import NETWORKS, curves

if __name__ == "__main__":
    for name, make in NETWORKS.items():
        print(json.dumps([name, curves(compat, make, 50)]), flush=True)
