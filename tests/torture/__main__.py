"""`python -m tests.torture` names the scripts that `make torture` runs: every module here that has a main()."""

from __future__ import annotations

import ast
import sys
from pathlib import Path


def scripts(folder: Path = Path(__file__).parent) -> list[str]:
    """Names of the modules of this folder that define main(), but for this one; read, not run."""
    return sorted(path.stem for path in folder.glob("*.py") if path.stem != "__main__" and _has_main(path))


def _has_main(path: Path) -> bool:
    tree = ast.parse(path.read_text())
    return any(isinstance(found, ast.FunctionDef) and found.name == "main" for found in tree.body)


def main() -> int:
    """Print the names, one a line."""
    print(*scripts(), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
