"""What PyTorch warns of once about sparse tensors is said before any test notes warnings."""

import warnings

import pytest


@pytest.fixture(autouse=True, scope="session")
def quiet():
    oracle = pytest.importorskip("torch")
    import compat

    for torch in (oracle, compat):
        torch.sparse.check_sparse_tensor_invariants.disable()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            square = torch.eye(2).to_sparse_csr()
            torch.sparse.mm(torch.eye(2).to_sparse(), torch.eye(2).to_sparse())
            square @ torch.eye(2)
            for given in ((), (2, 3), ([[0]], [1.0]), ([[0]], [1.0], [2])):
                torch.sparse.FloatTensor(*map(_tensor(torch), given))


def _tensor(torch):
    def made(given):
        if not isinstance(given, list):
            return given
        return torch.Size(given) if given == [2] else torch.tensor(given)

    return made
