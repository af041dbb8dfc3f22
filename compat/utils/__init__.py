"""Tools around tensors: data loading, hooks, checkpoints."""
