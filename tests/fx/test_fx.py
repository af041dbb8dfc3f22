"""Graphs of modules beside PyTorch's."""

import copy
import math
import operator
import pickle
from typing import Any

import pytest

import compat
from compat.fx.passes.shape_prop import ShapeProp
from tests.support.both import both


def _net(torch: Any) -> Any:
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lin = nn.Linear(3, 4)
            self.seq = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
            self.w = nn.Parameter(torch.ones(4))
            self.register_buffer("b", torch.ones(4))

        def forward(self, x: torch.Tensor, input: Any = None, *, k: int = 2) -> Any:
            y = self.seq(self.lin(x)) * self.w + self.b
            z = torch.nn.functional.relu(y, inplace=False).view(y.size(0), -1)[:, 1:3]
            q = torch.cat([z, z], dim=1)
            q = -(2 - q) ** 2 @ q.t()
            q += 1
            q = (q / x.shape[0]) > 1
            u = torch.max(y.float().sum(dim=(0, 1), keepdim=True), 1)
            x.add_(1)
            return {"a": q, "b": (u[0].to(torch.float64), None)}, math.pi

    return Net()


@both
def test_what_is_traced(torch: Any, note: Any) -> None:
    torch.manual_seed(0)
    net = _net(torch)
    made = torch.fx.symbolic_trace(net)
    note(lambda: made.code)
    note(lambda: str(made.graph))
    note(lambda: str(made))
    note(lambda: [(n.op, n.name, str(n.args), str(n.kwargs), list(n.users))
                  for n in made.graph.nodes])  # fmt: skip
    x = torch.arange(6.0).reshape(2, 3)
    note(lambda: made(x.clone()))
    note(lambda: net(x.clone()))
    note(lambda: list(made.state_dict()))
    note(lambda: copy.deepcopy(made).code == made.code)
    note(lambda: made.print_readable(print_output=False))


@both
def test_functions(torch: Any, note: Any) -> None:
    trace = torch.fx.symbolic_trace

    def gathered(*xs: Any, **kw: Any) -> Any:
        return torch.relu(xs[0]) + kw["a"]

    def unpacked(x: Any, y: Any = 3) -> Any:
        a, b = x
        return torch.add(a, b, alpha=y)

    def looks(x: Any) -> Any:
        return x if x.sum() > 0 else -x

    def loops(x: Any) -> Any:
        return [one for one in x]

    note(lambda: trace(gathered).code)
    note(lambda: trace(unpacked).code)
    note(lambda: trace(unpacked)(torch.ones(2, 2)))
    note(lambda: trace(unpacked, concrete_args={"y": 5}).code)
    note(lambda: trace(looks))
    note(lambda: trace(loops))
    note(lambda: trace(lambda x: len(x)))
    note(lambda: trace(lambda x: (x.shape[0] + x.size(), x.T.foo.bar, x(1), 2**x, x & 1)).code)
    note(lambda: trace(lambda x: torch.nn.Linear(1, 1)(x)))


@both
def test_a_graph_by_hand(torch: Any, note: Any) -> None:
    graph = torch.fx.Graph()
    a = graph.placeholder("x")
    b = graph.call_function(torch.neg, (a,))
    c = graph.call_method("add", (b, 1))
    graph.output(c)
    graph.lint()
    note(lambda: str(graph))
    note(lambda: torch.fx.GraphModule({}, graph)(torch.ones(2)))
    note(lambda: (b.users, a.next, c.prev, c.all_input_nodes, len(graph.nodes), a < c))
    note(lambda: graph.erase_node(b))
    with graph.inserting_before(c):
        graph.call_function(torch.neg, (b,))
    note(lambda: str(graph))
    note(lambda: (graph.eliminate_dead_code(), str(graph)))
    with graph.inserting_after(b):
        d = graph.call_function(operator.mul, (b, 2))
    c.replace_input_with(b, d)
    note(lambda: graph.python_code("self").src)
    b.replace_all_uses_with(a)
    note(lambda: (graph.eliminate_dead_code(), str(graph), str(copy.deepcopy(graph))))


@both
def test_interpreters(torch: Any, note: Any) -> None:
    calls: list[str] = []

    class Names(torch.fx.Interpreter):
        def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
            calls.append(target.__name__)
            return super().call_function(target, args, kwargs)

    class Sigmoids(torch.fx.Transformer):
        def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
            return super().call_function(
                torch.sigmoid if target is torch.neg else target, args, kwargs
            )

    made = torch.fx.symbolic_trace(lambda x, y=1: torch.neg(x).add(y))
    note(lambda: (Names(made).run(torch.ones(2)), calls))
    note(lambda: Sigmoids(made).transform().code)
    note(lambda: type(_raised(lambda: Names(made).run())))


def _raised(call: Any) -> Exception:
    with pytest.raises(Exception) as caught:
        call()
    return caught.value


@both
def test_patterns(torch: Any, note: Any) -> None:
    def twice(x: Any, w1: Any, w2: Any) -> Any:
        m1, m2 = torch.cat([w1, w2]).sum(), torch.cat([w1, w2]).sum()
        return x + torch.max(m1) + torch.max(m2)

    made = torch.fx.symbolic_trace(twice)
    note(lambda: torch.fx.replace_pattern(
        made, lambda a, b: torch.cat([a, b]).sum(), lambda a, b: torch.stack([a, b])
    ))  # fmt: skip
    note(lambda: made.code)
    note(lambda: made(torch.ones(2), torch.ones(2), torch.ones(2)))


@both
def test_inlining(torch: Any, note: Any) -> None:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu = torch.nn.ReLU()

        def forward(self, x: Any) -> Any:
            return self.relu(x) + 1.0

    made = torch.fx.symbolic_trace(Net())
    tracer = torch.fx.proxy.GraphAppendingTracer(made.graph)
    for node in made.graph.nodes:
        if node.op == "call_module":
            with made.graph.inserting_before(node):
                args = torch.fx.node.map_arg(node.args, lambda n: torch.fx.Proxy(n, tracer))
                node.replace_all_uses_with(torch.neg(*args).node)
                made.graph.erase_node(node)
    made.recompile()
    note(lambda: made.code)
    note(lambda: made(torch.ones(2)))
    made.delete_all_unused_submodules()
    note(lambda: list(made.named_modules())[1:])


def test_a_pickle_and_shapes() -> None:
    made = compat.fx.symbolic_trace(_net(compat))
    again = pickle.loads(pickle.dumps(compat.fx.symbolic_trace(compat.nn.Linear(2, 3))))
    assert again(compat.ones(1, 2)).shape == (1, 3)
    ShapeProp(made).propagate(compat.ones(2, 3))
    notes = {node.name: node.meta["tensor_meta"] for node in made.graph.nodes
             if "tensor_meta" in node.meta}  # fmt: skip
    assert notes["lin"].shape == (2, 4) and notes["lin"].dtype is compat.float32


def test_wrapped_functions_are_steps() -> None:
    scope: dict[str, Any] = {"torch": compat, "__name__": "program"}
    exec(
        "def mine(x): return x + len(x)\ntorch.fx.wrap('mine')\ntorch.fx.wrap('len')\n"
        "def f(x): return mine(x) * len(x)",
        scope,
    )
    made = compat.fx.symbolic_trace(scope["f"])
    assert [n.name for n in made.graph.nodes] == ["x", "mine", "len_1", "mul", "output"]
    assert made(compat.ones(2)).tolist() == [6.0, 6.0]
