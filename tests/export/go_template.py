"""The part of Go's text/template that a Modelfile of ours uses, with Go's own semantics: strings are bytes.

Source: pkg.go.dev/text/template (actions, variables, functions; ranging over a number is of Go 1.24) and, for what a
message is, ollama's template/template.go (`collate`: consecutive messages of one role become one, joined by an empty
line). Anything else raises `SyntaxError`, so that a template cannot quietly use more than is modelled here.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

ACTION = re.compile(r'\{\{(- )?\s*((?:"(?:[^"\\\n]|\\.)*"|[^"])*?)\s*( -)?\}\}', re.S)
TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|:=|=|\(|\)|\$?[\w.]+)')
WORDS = {"true": True, "false": False}
Value = Any


@dataclass
class Node:
    """Text, an action, or a block with its two bodies."""

    kind: str
    source: str = ""
    body: "list[Node]" = field(default_factory=list)
    otherwise: "list[Node]" = field(default_factory=list)


def render(template: str, messages: Sequence[dict[str, str]]) -> str:
    """What Ollama would hand to the model."""
    out: list[bytes] = []
    data = {"Messages": collate(messages)}
    _run(_parse(iter(_pieces(template)))[0], [{"$": data}], data, out)
    return b"".join(out).decode()


def collate(messages: Sequence[dict[str, str]]) -> list[dict[str, bytes]]:
    """Messages as Ollama's templates see them."""
    collated: list[dict[str, bytes]] = []
    for message in messages:
        text = message["content"].encode()
        if collated and collated[-1]["Role"] == message["role"].encode():
            collated[-1]["Content"] += b"\n\n" + text
        else:
            collated.append({"Role": message["role"].encode(), "Content": text})
    return collated


def _pieces(template: str) -> Iterator[Node]:
    at, trim = 0, False
    for found in ACTION.finditer(template):
        text = template[at : found.start()]
        text = text.lstrip() if trim else text
        yield Node("text", text.rstrip() if found[1] else text)
        yield Node("action", found[2])
        at, trim = found.end(), bool(found[3])
    yield Node("text", template[at:].lstrip() if trim else template[at:])


def _parse(pieces: Iterator[Node]) -> tuple[list[Node], str]:
    """Nodes up to an `else` or `end`, and which of them it was."""
    nodes: list[Node] = []
    for piece in pieces:
        word = piece.source.split(" ", 1)[0]
        if piece.kind == "text":
            if "{{" in piece.source:
                raise SyntaxError(piece.source)
            nodes.append(piece)
        elif word in ("else", "end"):
            return nodes, piece.source
        elif word in ("range", "if"):
            block = Node(word, piece.source.partition(" ")[2])
            block.body, ended = _parse(pieces)
            if ended == "else":
                block.otherwise, ended = _parse(pieces)
            if ended != "end":
                raise SyntaxError(ended)
            nodes.append(block)
        else:
            nodes.append(piece)
    return nodes, ""


Scopes = list[dict[str, Value]]


def _run(nodes: list[Node], scopes: Scopes, dot: Value, out: list[bytes]) -> None:
    scopes = [*scopes, {}]
    for node in nodes:
        if node.kind == "text":
            out.append(node.source.encode())
        elif node.kind == "if":
            _run(node.body if _pipeline(node.source, scopes, dot) else node.otherwise, scopes, dot, out)
        elif node.kind == "range":
            _range(node, scopes, dot, out)
        else:
            value = _pipeline(node.source, scopes, dot)
            out.append(value if isinstance(value, bytes) else b"" if value is None else str(value).encode())


def _range(node: Node, scopes: Scopes, dot: Value, out: list[bytes]) -> None:
    name, declares, source = node.source.partition(" := ")
    over = _pipeline(source if declares else node.source, scopes, dot)
    if isinstance(over, bytes):
        raise SyntaxError("a string cannot be ranged over")
    for element in range(over) if isinstance(over, int) else over:
        _run(node.body, [*scopes, {name: element} if declares else {}], element, out)


def _pipeline(source: str, scopes: Scopes, dot: Value) -> Value:
    """The value of a pipeline without pipes; None where it declares or assigns."""
    tokens = _tokens(source)
    if len(tokens) > 2 and tokens[1] in (":=", "="):
        value = _command(tokens[2:], scopes, dot)
        place = scopes[-1] if tokens[1] == ":=" else _scope(tokens[0], scopes)
        place[tokens[0]] = value
        return None
    return _command(tokens, scopes, dot)


def _tokens(source: str) -> list[str]:
    tokens, at = list[str](), 0
    while at < len(source):
        found = TOKEN.match(source, at)
        if found is None:
            raise SyntaxError(source)
        tokens.append(found[1])
        at = found.end()
    return tokens


def _command(tokens: list[str], scopes: Scopes, dot: Value) -> Value:
    first, *rest = _operands(tokens, scopes, dot)
    if not callable(first):
        if rest:
            raise SyntaxError(f"{tokens[0]} is no function")
        return first
    return first(*rest)


def _operands(tokens: list[str], scopes: Scopes, dot: Value) -> Iterator[Value]:
    at = 0
    while at < len(tokens):
        if tokens[at] == "(":
            close, depth = at, 0
            while (depth := depth + {"(": 1, ")": -1}.get(tokens[close], 0)) > 0:
                close += 1
            yield _command(tokens[at + 1 : close], scopes, dot)
            at = close + 1
        else:
            yield _operand(tokens[at], scopes, dot)
            at += 1


def _operand(token: str, scopes: Scopes, dot: Value) -> Value:
    if token.startswith('"'):
        return str(json.loads(token)).encode()  # of Go's escapes those that JSON has too
    if token in FUNCTIONS:
        return FUNCTIONS[token]
    if token in WORDS:
        return WORDS[token]
    name, *fields = token.split(".")
    value = dot if not name else _scope(name, scopes)[name]
    for one in fields:
        value = value[one]
    return value


def _scope(name: str, scopes: Scopes) -> dict[str, Value]:
    """The innermost scope in which a variable was declared; `KeyError` where there is none."""
    for scope in reversed(scopes):
        if name in scope:
            return scope
    raise KeyError(name)


def _printf(form: bytes, *given: bytes) -> bytes:
    if form != b"%.1s":
        raise SyntaxError(form.decode())
    return given[0].decode()[:1].encode()


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "eq": lambda one, *others: one in others,
    "ne": lambda one, other: one != other,
    "gt": lambda one, other: one > other,
    "not": lambda one: not one,
    "or": lambda *given: next((one for one in given if one), given[-1]),
    "and": lambda *given: next((one for one in given if not one), given[-1]),
    "len": len,
    "slice": lambda text, start: text[start:],
    "printf": _printf,
}
