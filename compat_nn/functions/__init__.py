"""Parts of `torch.nn.functional` that compose several ops, by subject."""
