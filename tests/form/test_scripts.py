"""The browser's own modules: strictly typed, and right by their own tests (tests/form/browser/*.test.ts)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.form.node import ROOT, RUN, run_node

if TYPE_CHECKING:
    from pathlib import Path

TSC = ROOT / "node_modules" / "typescript" / "bin" / "tsc"


def test_typescript_is_strict() -> None:
    for project in ("form/browser", "tests/form/browser"):
        checked = run_node(TSC, "-p", project)
        assert checked.returncode == 0, checked.stdout


def test_a_type_error_is_seen(tmp_path: Path) -> None:
    (tmp_path / "wrong.ts").write_text('export const n: number = "1";')
    (tmp_path / "tsconfig.json").write_text(f'{{"extends": "{ROOT}/form/browser/tsconfig.json", "include": ["*.ts"]}}')
    assert run_node(TSC, "-p", tmp_path).returncode != 0


def test_browser_modules_hold() -> None:
    ran = run_node(RUN)
    assert ran.returncode == 0, ran.stdout
    assert "fail 0" in ran.stdout


def test_no_markup_from_strings() -> None:
    """What Trusted Types would stop at run time is not even written."""
    for path in (ROOT / "form" / "browser").glob("*.ts"):
        source = path.read_text()
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser", "localStorage", "subtle."):
            assert sink not in source, (path.name, sink)
