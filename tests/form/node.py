"""The developers' Node: the one beside this Python, else the system's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "tests" / "form" / "browser" / "run.mjs"


def node() -> str:
    """Path of Node. Fails when there is none."""
    found = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    assert found is not None, "no Node here: run `make test`, which installs it"
    return found


def run_node(*arguments: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """Node with these arguments in the root of the repository."""
    return subprocess.run([node(), *map(str, arguments)], cwd=ROOT, input=given, capture_output=True, text=True, check=False)


def ask_browser(questions: list[dict[str, Any]]) -> list[Any]:
    """What the browser's modules answer (browser/formats.ts)."""
    ran = run_node(RUN, "formats.ts", given=json.dumps(questions))
    assert ran.returncode == 0, ran.stderr
    return list(json.loads(ran.stdout))
