"""What the host has already is read without ending a section, also as a view."""

import compat as torch


def test_views_of_what_is_there_end_no_section() -> None:
    there = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    pending = there * 2
    before = torch.stats()["sections"]
    assert there[1, 0].item() == 3
    assert there.t().tolist() == [[1, 3], [2, 4]]
    assert there.reshape(4)[1:].tolist() == [2, 3, 4]
    assert torch.stats()["sections"] == before
    assert pending[0].tolist() == [2, 4]
    assert torch.stats()["sections"] == before + 1


def test_long_lists_of_pieces_need_no_spec_each() -> None:
    total = torch.zeros(())
    for piece in torch.arange(40.0):
        total = total + piece
    total.item()
    specs = torch.stats()["specs"]
    for piece in torch.arange(40.0) + 1:
        total = total * piece
    total.item()
    assert torch.stats()["specs"] - specs < 10
