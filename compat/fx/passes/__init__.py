"""torch.fx.passes: what is commonly done with a graph."""
