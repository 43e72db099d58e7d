"""The main job, step by step, as the people in it would do it: build, write, send, refuse, export, verify, read, mark, release."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from playwright.sync_api import expect

from bench.stage import PASSPHRASE
from crypto.report import Consent
from tests.end_to_end import leak, submitter
from tests.end_to_end.crowd import Published, post

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from bench.stage import Stage


ROOT = Path(__file__).resolve().parents[2]
CALL = "transnational-repression"
AUDIENCE = "state-department"
KHMER = "ពួកគេបានគំរាមបងប្រុសរបស់ខ្ញុំ WITNESSBROWSER"
PLAIN = "They came to my mother's house. WITNESSPLAIN"
COUNTED, UNCOUNTED = 70, 35  # reports by the API: the second lot is kept only, so that the public log does not give the total away
SENT = COUNTED + UNCOUNTED + 2
LIKELY = {  # code: how often
    "incident": {"TD1": 30, "TD4": 25, "TD2": 15, "TD3": 12, "DA5": 6, "CO4": 3},
    "country": {"US": 40, "FR": 20, "AU": 15, "JP": 4},
    "target": {"party-member": 3, "journalist": 1, "online-commenter": 2},
    "perpetrator": {"national-government": 2, "embassy": 1, "unknown": 1},
    "family-harm": {"none": 1, "contacted": 2, "threatened": 2},
    "province": {"KH-12": 2, "KH-2": 1},
    "reported-to": {"nobody": 2, "local-police": 1},
    "protection": {"safety-advice": 1, "digital-safety": 1},
}
INCIDENTS = ("DA5", "CO4", "TD1", "TD2", "TD3", "TD4")  # in codebook order, as a report must have them
GRACE = 5
SETTLED = 110  # seconds in which the browsers must have sent what is on time


def definition(place: Path, deadline: int) -> Path:
    """The call that ships, with a deadline soon (unix seconds, on a minute) and batches every few seconds."""
    local = datetime.fromtimestamp(deadline, UTC) - timedelta(minutes=1)
    text = (ROOT / "questionnaire" / "calls" / f"{CALL}.yaml").read_text()
    changes = {
        "zone": "UTC",
        "opens": (local - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"),
        "deadline": f"{{time: {local:%Y-%m-%dT%H:%M}, zone: UTC}}",
        "grace_seconds": str(GRACE),
        "batch_seconds": "3",
        "batch_min": "1\ndemo: true",
    }
    for key, value in changes.items():
        text, count = re.subn(rf"^{key}:.*$", f"{key}: {value}", text, flags=re.MULTILINE)
        assert count == 1, key
    path = place / "call.yaml"
    path.write_text(text)
    return path


def invented(rng: random.Random) -> dict[str, Any]:
    """Plainly invented answers of one person."""
    drawn = {question: rng.choices(list(codes), list(codes.values()), k=2) for question, codes in LIKELY.items()}
    several = {"incident", "target", "perpetrator", "family-harm", "reported-to", "protection"}
    answers: dict[str, Any] = {question: codes[0] for question, codes in drawn.items() if question not in several}
    answers |= {question: codes[:1] for question, codes in drawn.items() if question in several}
    answers["incident"] = [code for code in INCIDENTS if code in drawn["incident"]]
    return {**answers, "when": f"2026-0{rng.randint(1, 6)}", "story": "Plainly invented."}


@dataclass
class Journey:
    """One call from its making to its summary."""

    stage: Stage
    browser: Browser
    deadline: int = 0
    promises: list[Path] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)

    @property
    def page_address(self) -> str:
        """The form, without its language."""
        return f"/calls/{CALL}"

    @property
    def published(self) -> Published:
        """The call as the public sees it."""
        return Published.read(self.stage.place / "call" / "server" / "call.json")

    def build(self) -> None:
        """The custodian makes a call whose deadline leaves the browsers SETTLED seconds; the operator adds it."""
        self.deadline = (int(time.time()) + SETTLED) // 60 * 60 + 60
        self.stage.build_call(definition(self.stage.place, self.deadline))

    def write_in_khmer(self) -> str:
        """A report by keyboard on a phone, with an image; the promise is kept; the receipt as shown."""
        image = self.stage.place / "photo.png"
        with submitter.phone(self.browser) as page:
            page.goto(f"{self.stage.url}/km{self.page_address}")
            page.screenshot(path=image)
            submitter.write(page, "q-story", KHMER)
            submitter.tick(page, "q-incident", "TD4")
            submitter.attach(page, "q-evidence", image)
            submitter.tick(page, "consent", "C2")
            submitter.tick(page, "audience", AUDIENCE)
            submitter.tab_to(page, "[data-do=send]")
            page.keyboard.press("Enter")
            plate = page.locator("#receipt")
            expect(plate).to_be_visible(timeout=30_000)
            receipt = plate.inner_text()
            with page.expect_download() as download:
                page.locator("[data-promise]").click()
            self.promises.append(self.stage.place / "promise.txt")
            download.value.save_as(self.promises[-1])
        return receipt

    def write_without_scripts(self, size: int = 12_000_000) -> None:
        """A report with JavaScript off and a large file; the page that answers shows the receipt the form had shown."""
        film = self.stage.place / "film.bin"
        film.write_bytes(b"WITNESSFILM" + bytes(size))
        with submitter.phone(self.browser, scripts=False) as page:
            page.goto(f"{self.stage.url}/en{self.page_address}")
            before = page.locator(".plate").inner_text()
            page.locator('[name="q-story"]').fill(PLAIN)
            page.locator('[name="q-evidence"]').set_input_files(film)
            page.locator('[name="consent"][value="C1"]').check()
            page.locator(f'[name="audience"][value="{AUDIENCE}"]').check()
            page.locator('form#report button[type="submit"]:visible').click()
            expect(page.locator("#receipt")).to_be_visible(timeout=60_000)
            assert page.locator("#receipt").inner_text() == before
            text = page.locator("pre").text_content() or ""
        self.promises.append(self.stage.place / "promise-plain.txt")
        self.promises[-1].write_text(text)

    def write_many(self) -> None:
        """Enough reports by the API that a table has something to say."""
        rng, published = random.Random(2026), self.published  # noqa: S311  (invented people, not secrets)
        for number in range(COUNTED + UNCOUNTED):
            level = "C1" if number < COUNTED else "C0"
            answers = invented(rng)
            answer = post(
                f"{self.stage.url}{self.page_address}/reports", published.sealed(answers, Consent(level, (AUDIENCE,), contact=False))
            )
            assert answer.status_code == 201, answer.text
            if level == "C1":
                self.counted.update([f"countries {answers['country']}", *(f"incidents {code}" for code in answers["incident"])])

    def refuse_late(self, page: Page) -> None:
        """A page opened in time and sent too late: the refusal is in the reader's language, and nothing typed is lost."""
        while time.time() < self.deadline:
            time.sleep(0.2)
        page.locator("[data-do=send]").click()
        expect(page.locator("#problems")).to_be_visible(timeout=30_000)
        assert re.search(r"[\u1780-\u17ff]", page.locator("#problems").inner_text())
        assert page.locator('[name="q-story"]').input_value() == KHMER
        late = post(f"{self.stage.url}{self.page_address}/reports", self.published.sealed({}, Consent("C1", (), contact=False)))
        assert late.json()["code"] == "closed"

    def open_late_page(self, page: Page) -> None:
        """A form filled before the deadline, on the other width."""
        page.goto(f"{self.stage.url}/km{self.page_address}")
        page.locator('[name="q-story"]').fill(KHMER)
        submitter.to_the_end(page)
        page.locator('[name="consent"][value="C1"]').check()

    def await_close(self) -> None:
        """Wait until the log shows its close."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if b"saksei/v1\nclose\n" in httpx.get(f"{self.stage.url}{self.page_address}/log/entries").content:
                return
            time.sleep(0.5)
        raise AssertionError("the log was not closed")

    def submit_everything(self) -> str:
        """Everything that happens while the server runs; the receipt of the first report."""
        with self.stage.serving():
            with submitter.phone(self.browser, width=1280) as page:
                self.open_late_page(page)
                receipt = self.write_in_khmer()
                self.write_without_scripts()
                self.write_many()
                assert time.time() < self.deadline, "this machine is too slow for the test's deadline"
                self.refuse_late(page)
            self.await_close()
            self.stage.run("saksei-intake", "check")
        return receipt

    def offline(self, *arguments: str | Path) -> Any:
        """One command of the reviewers in the workspace, as JSON."""
        secret = ("--passphrase-file", self.stage.passphrase_file)
        workspace = ("--workspace", self.stage.place / "work")
        return json.loads(self.stage.run("saksei-reviewer", *arguments, *workspace, *secret, "--json").stdout)

    def carry_off(self) -> Path:
        """Export, verify with the promises that submitters kept, import."""
        bundle = self.stage.place / "call.bundle"
        self.stage.run("saksei-intake", "export", CALL, "--out", bundle)
        kept = [option for path in self.promises for option in ("--promise", path)]
        verified = json.loads(self.stage.run("saksei-reviewer", "verify", bundle, *kept, "--json").stdout)
        assert verified["outcomes"] == {"time-unproven": SENT}
        imported = self.offline("import", bundle, "--key", self.stage.key)
        assert (imported["opened"], imported["refused"], imported["flagged"]) == (SENT, {}, 0)
        return bundle

    def read_and_mark(self) -> None:
        """Both testimonies are read in their own words, with their files; every report is marked credible."""
        listed = self.offline("list")["reports"]
        shown = [self.offline("show", str(report["number"])) for report in listed if report["files"]]
        by_form = {report["form"]: report for report in shown}
        assert by_form["web"]["answers"]["story"] == KHMER
        assert by_form["web"]["files"][0]["name"] == "photo.png"
        assert by_form["server"]["answers"]["story"] == PLAIN
        assert by_form["server"]["files"][0]["size"] == 12_000_011
        self.offline("mark", *[str(report["number"]) for report in listed], "--credible", "yes")

    def release(self) -> Path:
        """The reviewers publish; the coordinator, who holds no key, verifies."""
        out = self.stage.place / "release.zip"
        self.offline("release", "--audience", AUDIENCE, "--out", out)
        self.stage.run("saksei-coordinator", "verify", out, "--call", self.stage.place / "call" / "server" / "call.json")
        return out

    def exported(self, release: Path) -> list[dict[str, str]]:
        """The coordinator's CSV."""
        out = self.stage.place / "summary.csv"
        self.stage.run("saksei-coordinator", "export", release, "--format", "csv", "--language", "en", "--audience", AUDIENCE, "--out", out)
        return list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"))))

    def check_figures(self, rows: list[dict[str, str]]) -> None:
        """Every band of the first two tables holds the true count, and enough is shown to be of use."""
        call = self.published.call
        labels = {f"{table} {option.code}": option.label["en"] for table, question in (("incidents", "incident"), ("countries", "country"))
                  for option in call.question(question).options}  # fmt: skip
        shown = {(row["Table"], row["Category 1"]): row for row in rows if row["How it is shown"] == "band"}
        found = [(shown[key], count) for name, count in self.counted.items() if (key := (name.split()[0], labels[name])) in shown]
        assert len(found) >= 4
        assert all(int(row["At least"]) <= count <= int(row["At most"]) for row, count in found)

    def refuse_leaks(self, release: Path) -> None:
        """A release that says too much is never made, and one that was changed on the way is never believed."""
        leak.refuse_exact_small_count(self.stage.place / "work", PASSPHRASE, AUDIENCE)
        forged = leak.changed_on_the_way(release, self.stage.place / "forged.zip")
        document = self.stage.place / "call" / "server" / "call.json"
        done = self.stage.run("saksei-coordinator", "verify", forged, "--call", document, refused=True)
        assert done.stderr.startswith("error: release: ")

    def whole(self) -> None:
        """All of it, and what must come out at the end."""
        self.build()
        self.submit_everything()
        self.carry_off()
        self.read_and_mark()
        release = self.release()
        assert {"tables.json", "accounts.json", "provenance.json"} <= set(zipfile.ZipFile(release).namelist())
        self.check_figures(self.exported(release))
        self.refuse_leaks(release)
