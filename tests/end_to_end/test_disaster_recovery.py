"""If everything of ours is gone: npm `age-encryption`, `unzip`'s format and `tar` open an exported report without a line of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from bench.stage import PASSPHRASE, Stage
from crypto.keyfile import open_key
from crypto.report import Consent
from tests.end_to_end.crowd import Published, post
from tests.end_to_end.journey import CALL, ROOT

DECRYPT = """
import { readFileSync, writeFileSync } from "node:fs";
import { Decrypter } from "age-encryption";
const [sealed, out] = process.argv.slice(1);
const decrypter = new Decrypter();
decrypter.addIdentity(process.env.IDENTITY);
writeFileSync(out, await decrypter.decrypt(readFileSync(sealed)));
"""


def exported(stage: Stage) -> Path:
    """One report, sent and carried off once its batch is in the log."""
    published = Published.read(stage.place / "call" / "server" / "call.json")
    sealed = published.sealed({"story": "Plainly invented."}, Consent("C0", (), contact=False))
    with stage.serving():
        assert post(f"{stage.url}/calls/{CALL}/reports", sealed).status_code == 201
    bundle = stage.place / "call.bundle"
    until = time.monotonic() + 150
    while time.monotonic() < until:
        stage.run("saksei-intake", "publish")
        stage.run("saksei-intake", "export", CALL, "--out", bundle)
        if any(name.startswith("envelopes/") for name in zipfile.ZipFile(bundle).namelist()):
            return bundle
        bundle.unlink()
        time.sleep(1)
    raise AssertionError("the report was not published")


def test_age_and_tar_open_a_report(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    text = (ROOT / "questionnaire" / "calls" / f"{CALL}.yaml").read_text()
    definition = tmp_path / "call.yaml"
    definition.write_text(text.replace("batch_seconds: 21600\nbatch_min: 8", "batch_seconds: 2\nbatch_min: 1\ndemo: true"))
    stage.build_call(definition)
    with zipfile.ZipFile(exported(stage)) as archive:
        (name,) = [name for name in archive.namelist() if name.startswith("envelopes/")]
        sealed = Path(archive.extract(name, tmp_path))
    identity = open_key(stage.key.read_bytes(), PASSPHRASE).text()
    tar = tmp_path / "report.tar"
    node = [str(Path(sys.executable).parent / "node"), "--input-type=module", "--eval", DECRYPT, str(sealed), str(tar)]
    subprocess.run(node, check=True, env={**os.environ, "IDENTITY": identity}, cwd=ROOT)
    subprocess.run(["tar", "--extract", "--file", str(tar)], check=True, cwd=tmp_path)
    assert json.loads((tmp_path / "report.json").read_bytes())["answers"]["story"] == "Plainly invented."
