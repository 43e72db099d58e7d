/** The form: answers are checked, sealed in the worker, sent; the receipt is shown once the log's promise was verified. */
import { applyConditions, readForm } from "./answers.js";
import { Attachments } from "./attachments.js";
import { type Typed, putBack, taken } from "./carrying.js";
import { Refusal } from "./errors.js";
import type { Asked } from "./messages.js";
import { all, element, first, part, sentence, shown, view } from "./page.js";
import { showProblems } from "./problems.js";
import type { Call } from "./report.js";
import { Sealer } from "./sealer.js";
import { post } from "./sending.js";

/** Refusals after which the same sealed bytes may be sent again. */
const WORTH_ANOTHER_TRY = new Set(["network", "busy", "full", "work", "answer", "signature", "promise-broken"]);

/** Refusals whose sentence says that nothing was sent. */
const NOTHING_SENT = new Set(["sealing", "file-unreadable", "report"]);

type Step = "seal" | "send" | "prove";
const STEPS: readonly Step[] = ["seal", "send", "prove"];

/** The call as the attributes of the form name it. */
export function callOf({ dataset }: HTMLElement): Call {
  const { call = "", callSha256 = "", origin = "", logVkey = "", recipients = "", maxK = "" } = dataset;
  return { call, callSha256, origin, logVkey, recipients: recipients.split(" "), maxK: Number(maxK) };
}

function showStep(step: Step, done = 0): void {
  STEPS.forEach((name, index) => {
    const row = first(`[data-step="${name}"]`);
    const at = STEPS.indexOf(step);
    row.dataset["state"] = index < at ? "done" : index === at ? "now" : "later";
    if (index === at) row.setAttribute("aria-current", "step");
    else row.removeAttribute("aria-current");
    first("[data-state-word]", row).textContent = sentence(`step.${row.dataset["state"]}`);
  });
  const bar = first<HTMLProgressElement>("#sending progress");
  if (done > 0) bar.value = done;
  else bar.removeAttribute("value");
}

/** What the page in another language goes on with. */
export interface Carried {
  readonly typed: Typed;
  readonly files: ReadonlyMap<string, readonly File[]>;
}

/** One form in one language. */
export class ReportPage {
  private readonly form = part<HTMLFormElement>("report");
  private readonly call = callOf(this.form);
  private readonly sealer = new Sealer();
  private readonly attachments: Attachments;
  private body: Blob | null = null;
  private posted = false;
  private postedBefore = false;

  constructor(carried: Carried | null) {
    if (carried !== null) putBack(this.form, carried.typed);
    this.attachments = new Attachments(this.form, carried?.files);
    this.form.addEventListener("change", () => this.arrange());
    for (const button of all("[data-clear]", this.form)) button.addEventListener("click", () => this.clear(button));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send().catch(() => this.refused("sealing"));
    });
    first("[data-do=again]").addEventListener("click", () => void this.deliver());
    first("[data-do=back]").addEventListener("click", () => this.back());
    this.arrange();
    this.ready();
  }

  /** Whether the page may be exchanged for the one in another language: not while a report is on its way, nor after it arrived. */
  get movable(): boolean {
    return !first('[data-view="form"]').hidden;
  }

  /** What was filled in. */
  carried(): Carried {
    return { typed: taken(this.form), files: this.attachments.kept };
  }

  /** Shows what the answers so far ask for, and beside each choice that was made the way to take it back. */
  private arrange(): void {
    applyConditions(this.form);
    for (const button of all("[data-clear]", this.form)) {
      button.hidden = button.closest("fieldset")?.querySelector("input:checked") === null;
    }
  }

  private clear(button: HTMLElement): void {
    const field = button.closest("fieldset");
    for (const input of all<HTMLInputElement>("input", field ?? button)) input.checked = false;
    this.arrange();
    field?.querySelector("input")?.focus();
  }

  private ready(): void {
    for (const waiting of all("[data-waiting]")) waiting.hidden = true;
    first<HTMLButtonElement>("[data-do=send]").disabled = false;
  }

  private async send(): Promise<void> {
    const filled = readForm(this.form);
    const { files, answers } = this.attachments.members();
    const problems = [...filled.problems, ...this.attachments.problems()];
    showProblems(problems);
    if (problems.length > 0) return;
    const testimony = { lang: document.documentElement.lang, consent: filled.consent, answers: { ...filled.answers, ...answers } };
    // What was sent before and never answered may have arrived: the same receipt keeps both reports one person's.
    await this.seal({ kind: "seal", call: this.call, testimony, files, addition: this.postedBefore });
  }

  private async seal(asked: Asked): Promise<void> {
    view("sending");
    this.move(true);
    showStep("seal");
    try {
      const { body } = await this.sealer.ask(asked, "sealed", (done) => showStep("seal", done));
      this.body = new Blob([body], { type: "application/octet-stream" });
    } catch (error) {
      return this.refused(error instanceof Refusal ? error.word : "sealing");
    }
    await this.deliver();
  }

  /** Sends the sealed bytes, the same ones as often as it takes. */
  private async deliver(): Promise<void> {
    if (this.body === null) return;
    this.move(true);
    showStep("send");
    this.posted = true;
    const reply = await post(this.form.dataset["post"] ?? "", this.body, (done) => showStep("send", done));
    if (reply.word === "duplicate") return this.seal({ kind: "again" });
    if (reply.word !== "") return this.refused(reply.word);
    showStep("prove");
    try {
      const { receipt } = await this.sealer.ask({ kind: "verify", promise: reply.text }, "kept");
      this.arrived(receipt, reply.text);
    } catch (error) {
      this.refused(error instanceof Refusal ? error.word : "signature");
    }
  }

  private move(moving: boolean): void {
    part("moving").hidden = !moving;
    part("stuck").hidden = moving;
    part("sending-title").textContent = sentence(moving ? "sending.title" : "stuck.title");
  }

  private refused(refusal: string): void {
    const word = this.posted && NOTHING_SENT.has(refusal) ? "answer" : refusal;
    if (this.body !== null && WORTH_ANOTHER_TRY.has(word)) {
      this.move(false);
      part("why").textContent = sentence(`refusal.${word}`);
      part("stuck").focus();
      return;
    }
    this.back();
    showProblems([], sentence(`refusal.${word}`));
  }

  private back(): void {
    this.body = null;
    this.postedBefore ||= this.posted;
    this.posted = false;
    view("form");
  }

  private arrived(receipt: readonly string[], promise: string): void {
    this.sealer.end();
    this.body = null;
    this.form.reset();
    this.form.replaceChildren(); // nobody who picks the phone up now can page back to what was typed
    part("problems").replaceChildren();
    const plate = part("receipt");
    plate.className = "plate";
    plate.replaceChildren(...receipt.flatMap((group) => [element("span", shown(group)), " "]));
    const keep = first<HTMLAnchorElement>("[data-promise]");
    keep.href = URL.createObjectURL(new Blob([promise], { type: "text/plain" }));
    document.title = sentence("arrived.title");
    view("arrived");
  }
}
