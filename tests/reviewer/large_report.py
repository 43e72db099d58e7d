"""A command of saksei-reviewer in a process that says how much memory it took: `python -m tests.reviewer.large_report COMMAND …`.

Prints, as its last line, the bytes by which the command raised the most memory that the process ever had.
"""

import sys

import reviewer.commands.bundle  # noqa: F401  (what the command loads counts as before)
from reviewer.cli import main
from tests.most_memory import taken


def measure() -> None:
    """Run the command."""
    before = taken()
    try:
        main(sys.argv[1:])
    except SystemExit as left:
        if left.code:
            raise
    print(taken() - before)


if __name__ == "__main__":
    measure()
