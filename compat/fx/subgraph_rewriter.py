"""Finding a pattern in a graph and putting other steps in its place."""

from __future__ import annotations

from typing import Any, NamedTuple

from .graph import Graph
from .graph_module import GraphModule
from .node import Node
from .trace import symbolic_trace


class Match(NamedTuple):
    """Where a pattern was found: the pattern's last step, and what each of its steps is there."""

    anchor: Node
    nodes_map: dict[Node, Node]


def _graph_of(given: Any) -> Graph:
    if isinstance(given, Graph):
        return given
    return given.graph if isinstance(given, GraphModule) else symbolic_trace(given).graph


def _agree(pattern: Any, found: Any, nodes: dict[Node, Any]) -> bool:
    """Whether arguments are the pattern's, its nodes being looked for in turn."""
    if isinstance(pattern, Node):
        return _matches(pattern, found, nodes)
    if isinstance(pattern, list | tuple):
        alike = isinstance(found, list | tuple) and len(found) == len(pattern)
        return alike and all(_agree(a, b, nodes) for a, b in zip(pattern, found, strict=True))
    if isinstance(pattern, dict):
        alike = isinstance(found, dict) and found.keys() == pattern.keys()
        return alike and all(_agree(pattern[key], found[key], nodes) for key in pattern)
    return not isinstance(found, Node) and type(pattern) is type(found) and pattern == found


def _matches(pattern: Node, found: Any, nodes: dict[Node, Any]) -> bool:
    if pattern in nodes:
        return nodes[pattern] is found
    if pattern.op == "placeholder":
        nodes[pattern] = found
        return True
    alike = isinstance(found, Node) and (pattern.op, pattern.target) == (found.op, found.target)
    if not alike:
        return False
    nodes[pattern] = found
    inner = _agree(pattern.args, found.args, nodes) and _agree(pattern.kwargs, found.kwargs, nodes)
    if not inner:
        del nodes[pattern]
    return inner


def _closed(nodes: dict[Node, Any], anchor: Node) -> bool:
    """Whether nothing outside of a match uses what it computes on the way."""
    steps = {found for one, found in nodes.items() if one.op != "placeholder"}
    return all(user in steps for one in steps if one is not anchor for user in one.users)


def replace_pattern(gm: GraphModule, pattern: Any, replacement: Any) -> list[Match]:
    """Replaces every place where a graph does what a pattern does.

    pattern, replacement   functions or GraphModules of the same arguments, with one result
    gives                  what was replaced, first to last; places that overlap count once
    """
    wanted, fresh = _graph_of(pattern), _graph_of(replacement)
    last = wanted.output_node().args[0]
    if not isinstance(last, Node):
        raise NotImplementedError("torch.fx.replace_pattern: a pattern with several results")
    found: list[Match] = []
    taken: set[Node] = set()
    for node in gm.graph.nodes:
        nodes: dict[Node, Any] = {}
        if not _matches(last, node, nodes) or not _closed(nodes, node):
            continue
        steps = {one for key, one in nodes.items() if key.op != "placeholder"}
        if steps & taken:
            continue
        taken |= steps
        found.append(Match(last, nodes))
    places = [n for n in wanted.nodes if n.op == "placeholder"]
    changed: dict[Node, Node] = {}
    for match in found:
        _put(gm.graph, match, places, fresh, changed)
    gm.recompile()
    return found


def _put(
    graph: Graph, match: Match, places: list[Node], fresh: Graph, changed: dict[Node, Node]
) -> None:
    given = [n for n in fresh.nodes if n.op == "placeholder"]
    values: dict[Node, Any] = {}
    for theirs, ours in zip(given, places, strict=True):
        one = match.nodes_map[ours]
        values[theirs] = changed.get(one, one) if isinstance(one, Node) else one
    last = match.nodes_map[match.anchor]
    with graph.inserting_before(next((n for n in graph.nodes if n in last.users), last)):
        result = graph.graph_copy(fresh, values)
    if not isinstance(result, Node):
        raise NotImplementedError("torch.fx.replace_pattern: a replacement with several results")
    changed[last] = result
    last.replace_all_uses_with(result)
    steps = [one for key, one in match.nodes_map.items() if key.op != "placeholder"]
    for step in sorted(steps, reverse=True):
        if not step.users and not step._erased:
            graph.erase_node(step)
