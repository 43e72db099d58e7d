/** The form: answers are checked, sealed in the worker, sent; the receipt is shown once the log's promise was verified. */
import { Refusal } from "./errors.js";
import { type Carried, Filling, callOf } from "./filling.js";
import type { Asked } from "./messages.js";
import { element, first, part, sentence, shown, view } from "./page.js";
import { showProblems } from "./problems.js";
import { Sealer } from "./sealer.js";
import { post } from "./sending.js";

/** Refusals after which the same sealed bytes may be sent again. */
const WORTH_ANOTHER_TRY = new Set(["network", "busy", "full", "work", "answer", "signature", "promise-broken"]);

/** Refusals whose sentence says that nothing was sent. */
const NOTHING_SENT = new Set(["sealing", "file-unreadable", "report"]);

type Step = "seal" | "send" | "prove";
const STEPS: readonly Step[] = ["seal", "send", "prove"];

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

/** One form in one language. */
export class ReportPage {
  private readonly form = part<HTMLFormElement>("report");
  private readonly call = callOf(this.form);
  private readonly sealer = new Sealer();
  private readonly filling: Filling;
  private body: Blob | null = null;
  private posted = false;
  private postedBefore = false;

  constructor(carried: Carried | null) {
    this.filling = new Filling(this.form, carried, () => {
      this.send().catch(() => this.refused("sealing"));
    });
    first("[data-do=again]").addEventListener("click", () => void this.deliver());
    first("[data-do=back]").addEventListener("click", () => this.back());
  }

  /** Whether the page may be exchanged for the one in another language: not while a report is on its way, nor after it arrived. */
  get movable(): boolean {
    return !first('[data-view="form"]').hidden;
  }

  /** What was filled in. */
  carried(): Carried {
    return this.filling.carried();
  }

  private async send(): Promise<void> {
    const filled = this.filling.checked();
    // What was sent before and never answered may have arrived: the same receipt keeps both reports one person's.
    if (filled !== null) await this.seal({ kind: "seal", call: this.call, ...filled, addition: this.postedBefore });
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
