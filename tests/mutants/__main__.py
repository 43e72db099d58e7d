"""`python -m tests.mutants [MODULE …]`: change the code of `crypto` a little, again and again, and see whether its tests notice.

Each module is held against its own test file alone, in a folder of its own outside of the tree, one process, with mutmut. What no test
noticed is printed as a difference; docs/spec/attacked.md says which of those that are left change nothing, and why. The exit code is 1
when a module has more of them than that page says.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "spec" / "attacked.md"
MODULES = (
    *("envelope", "container", "report", "canonical", "receipts", "merkle", "entries", "notes", "minisign", "members", "zip64", "callfile"),
    *("verdict", "timestamps", "shares", "keyfile", "replies", "sealing", "opening", "recipients", "bundle"),
)
"""The most dangerous first. `errors` has no code."""
SECONDS = {"bundle": 3600}
BOUND = 1800
# A sentence is for people: nothing may depend on it (F12.1). Its line is left out when there is nothing else on it.
SENTENCE = r'^\s*raise \w+\("[^"]*"\)( from None)?$'
SETTINGS = f"""
[tool.pytest.ini_options]
addopts = ["--import-mode=importlib", "--strict-markers", "--strict-config"]
pythonpath = ["."]
filterwarnings = ["error"]
[tool.mutmut]
source_paths = ["crypto"]
only_mutate = ["crypto/{{module}}.py"]
pytest_add_cli_args_test_selection = ["tests/crypto/test_{{module}}.py"]
pytest_add_cli_args = [{{options}}]
do_not_mutate_patterns = ['{SENTENCE}']
also_copy = ["docs"]
timeout_multiplier = 3.0
timeout_constant = 2.0
use_git_change_detection = false
"""
# Shrinking what was found, or remembering it, is for people. Short tests first, and few examples; what is not noticed then meets as many as
# ever.
CONFTEST = """
import json, os, pathlib
from hypothesis import Phase, settings
terms = {"deadline": None, "database": None, "phases": [Phase.explicit, Phase.generate]}
settings.register_profile("mutants", max_examples=100 if "ALONE" in os.environ else 20, **terms)
settings.load_profile("mutants")

def pytest_collection_modifyitems(items):
    measured = pathlib.Path("mutmut-stats.json")
    took = json.loads(measured.read_text())["duration_by_test"] if measured.exists() else {}
    items.sort(key=lambda item: took.get(item.nodeid, 0))
"""
# Tests that take long and say nothing that a shorter one of the same file does not say.
LONG = {
    "zip64": ("test_member_beyond_four_gigabytes",),
    "minisign": ("test_stock_cost_is_the_default",),
    "bundle": ("test_large_envelopes_stay_out_of_memory",),
    "opening": ("test_npm_opens_what_we_seal", "test_we_open_what_npm_seals"),
}


def deselected(module: str) -> list[str]:
    """Return the options that leave long tests out."""
    return [f"--deselect=tests/crypto/test_{module}.py::{name}" for name in LONG.get(module, ())]


def prepare(module: str, folder: Path) -> None:
    """Copy what the tests of a module need."""
    for name in ("crypto", "docs/spec", *(f"tests/{room}" for room in ("crypto", "fuzz", "vectors"))):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    options = ", ".join(f'"{option}"' for option in deselected(module))
    (folder / "pyproject.toml").write_text(SETTINGS.format(module=module, options=options), "utf-8")
    (folder / "tests" / "conftest.py").write_text(CONFTEST, "utf-8")
    (folder / "mutants").mkdir()
    (folder / "mutants" / "node_modules").symlink_to(ROOT / "node_modules")


def said(module: str) -> int:
    """Return how many changes to a module the page says no test can notice, 0 for one that was not examined yet.

    Raises LookupError when the page lacks it.
    """
    found = re.search(rf"^\| `{module}` \| (?:\d+|–) \| (?:\d+|–) \| (\d+|–) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise LookupError(f"The page says nothing of {module}.")
    return 0 if found[1] == "–" else int(found[1])


def examine(module: str) -> Counter[str]:
    """Show the changes to a module that no test noticed, and return how many there were of each result."""
    with tempfile.TemporaryDirectory(prefix=f"mutants-{module}-") as name:
        folder = Path(name)
        prepare(module, folder)
        command = [str(Path(sys.executable).with_name("mutmut"))]
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis")}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # it takes longer to find them than most changes take to be noticed
        run = [*command, "run", "--max-children", "1"]
        done = subprocess.run(
            run, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS.get(module, BOUND)
        )
        if done.returncode:
            sys.exit(f"mutmut could not run on {module}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        listed = subprocess.run([*command, "results", "--all", "true"], cwd=folder, capture_output=True, text=True, check=True).stdout
        results = re.findall(r"^ +(\S+): (.+)$", listed, re.MULTILINE)
        if notices(module, "", folder / "mutants", environment):
            sys.exit(f"The tests of {module} fail without any change.")
        shown = differences((folder / "mutants" / "crypto" / f"{module}.py").read_text("utf-8"))
        found = Counter[str]()
        for mutant, before in results:
            result = "killed" if before == "survived" and notices(module, mutant, folder / "mutants", environment) else before
            found[result] += 1
            if result != "killed":
                print(result, mutant, shown[mutant.rpartition(".")[2]], sep="\n", flush=True)
        return found


def differences(source: str) -> dict[str, str]:
    """Return the lines that each change took away and brought in, by its name, from a file that mutmut made."""
    lines = source.split("\n")
    functions = {
        node.name: lines[node.lineno : node.end_lineno] for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)
    }
    told = {}
    for name, body in functions.items():
        before = functions.get(f"{name.partition('__mutmut_')[0]}__mutmut_orig", body)
        compared = difflib.unified_diff(before, body, lineterm="", n=0)
        told[name] = "\n".join(line for line in compared if not line.startswith(("---", "+++", "@@")))
    return told


def notices(module: str, mutant: str, folder: Path, environment: dict[str, str]) -> bool:
    """Return whether the tests fail in a process of their own.

    mutmut runs a change in a copy of a process that has imported the tests already: what they make when they are imported is sound there.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", f"tests/crypto/test_{module}.py", *deselected(module)]
    done = subprocess.run(
        command, cwd=folder, env=environment | {"MUTANT_UNDER_TEST": mutant, "ALONE": "1"}, capture_output=True, check=False
    )
    return done.returncode != 0


def main() -> int:
    """Examine some modules, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("module", nargs="*", choices=[[], *MODULES])
    worse = 0
    for module in parser.parse_args().module or MODULES:
        found = examine(module)
        left = found.total() - found["killed"] - found["timeout"]
        summary = f"{found.total()} changes, {found['killed']} noticed, {found['timeout']} never ended, {left} not noticed"
        print(f"{module}: {summary}; the page says {said(module)}", flush=True)
        worse += left > said(module)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
