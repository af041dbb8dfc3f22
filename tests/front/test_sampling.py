"""Samples follow PyTorch's stream, in the order of memory, and so do their gradients."""

from typing import Any

from tests.support.both import both


@both
def test_chances_for_each_element(torch: Any, note: Any) -> None:
    torch.manual_seed(7)
    turned = torch.rand(4, 5).t()
    note(lambda: (torch.bernoulli(turned), torch.bernoulli(turned).stride()))
    note(lambda: torch.zeros(4, 5).t().bernoulli_(turned))
    note(lambda: torch.zeros(3, 4, 2).permute(2, 0, 1).bernoulli_(torch.full((2, 3, 4), 0.3)))
    note(lambda: torch.zeros(5, 4).bernoulli_(turned.double()))


@both
def test_rejection_samplers_and_gradients(torch: Any, note: Any) -> None:
    torch.manual_seed(7)
    rates = torch.tensor([0.5, 3.0, 40.0], requires_grad=True)
    note(lambda: torch.poisson(rates).detach())
    note(lambda: torch.binomial(torch.full((3,), 20.0), torch.tensor([0.1, 0.5, 0.9])))
    drawn = torch._standard_gamma(rates)
    drawn.sum().backward()
    note(lambda: (drawn.detach(), rates.grad))
    mean = torch.zeros(3, requires_grad=True)
    noise = torch.normal(mean, 2.0)
    noise.sum().backward()
    note(lambda: (noise.detach(), mean.grad))
    note(lambda: torch.normal(1.0, torch.ones(2, 1)))
    note(lambda: torch.multinomial(torch.ones(3), 2, out=torch.zeros(1)))
