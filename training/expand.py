"""Expands templates: `[a|b|c]` is one of the choices, `{field}` is left for the caller to fill in."""

import re
from functools import cache
from random import Random

Node = str | tuple[list["Node"], ...]
"""Literal text, or the alternatives of a choice, each a sequence of nodes."""

TOKEN = re.compile(r"[\[\]|]|[^\[\]|]+")
FIELD = re.compile(r"\{([\w-]+)\}")


@cache
def parsed(template: str) -> list[Node]:
    """The template as a tree; kept, because the same few hundred are expanded for ever."""
    branches: list[list[list[Node]]] = [[[]]]
    for token in TOKEN.findall(template):
        if token == "[":
            branches.append([[]])
        elif token == "]":
            choice = tuple(branches.pop())
            branches[-1][-1].append(choice)
        elif token == "|" and len(branches) > 1:
            branches[-1].append([])
        else:
            branches[-1][-1].append(token)
    return branches[0][0]


def _walk(rng: Random, nodes: list[Node], out: list[str]) -> None:
    for node in nodes:
        if isinstance(node, str):
            out.append(node)
        else:
            _walk(rng, node[int(rng.random() * len(node))], out)


def expand(rng: Random, template: str) -> str:
    """One reading of the template, with the spaces tidied."""
    out: list[str] = []
    _walk(rng, parsed(template), out)
    text = re.sub(r"(?<=\S)  +(?=\S)", " ", "".join(out))  # lines keep their indentation
    return re.sub(r"(?<=\w) ([.,;!?])", r"\1", text).strip()


def fill(text: str, values: dict[str, str]) -> str:
    """Put the values in; an unknown name is our own mistake and raises."""
    return FIELD.sub(lambda match: values[match[1]], text)
