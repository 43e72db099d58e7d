/** The form: answers are checked, sealed in the worker, sent; the receipt is shown once the log's promise was verified. */
import { showArrival } from "./arrival.js";
import { Refusal } from "./errors.js";
import { type Carried, Filling, callOf } from "./filling.js";
import { endOnLeaving, letGo, mayGo } from "./leaving.js";
import type { Asked } from "./messages.js";
import { handOut, showMoving, showStep, showStuck } from "./moving.js";
import { first, part, sentence, view } from "./page.js";
import { fillPlate } from "./plate.js";
import { showProblems } from "./problems.js";
import { sealedName } from "./report.js";
import { Sealer } from "./sealer.js";
import { type WorkAsked, post } from "./sending.js";
import { aTurn } from "./turn.js";

/** Refusals after which the same sealed bytes may be sent again. */
const WORTH_ANOTHER_TRY = new Set(["network", "offline", "busy", "full", "work", "broken", "answer", "signature", "promise-broken"]);

/** Refusals whose sentence says that nothing was sent. */
const NOTHING_SENT = new Set(["sealing", "file-unreadable", "report"]);

/** How often work is done for one submission before the person is asked: the server may ask for more, or begin another batch. */
const MOST_WORK = 3;

/** What outlives a change of language: who seals, and whether what is sealed next is added to reports before. */
export interface Writing {
  readonly sealer: Sealer;
  /** The receipt was typed in: the report is an addition to one that is looked up. */
  readonly holding: boolean;
  postedBefore: boolean;
}

/** A first report. */
export function newWriting(): Writing {
  return { sealer: new Sealer(), holding: false, postedBefore: false };
}

/** One form in one language. */
export class ReportPage {
  private readonly form = part<HTMLFormElement>("report");
  private readonly call = callOf(this.form);
  private readonly filling: Filling;
  private body: Blob | null = null;
  private posted = false;
  private waiting = false;
  private pressed = false;

  constructor(
    private readonly writing: Writing,
    carried: Carried | null,
  ) {
    this.filling = new Filling(this.form, carried, () => {
      this.send().catch(() => this.refused("sealing"));
    });
    part("addition").hidden = !writing.holding;
    mayGo(() => !this.filling.touched);
    endOnLeaving(() => writing.sealer.end());
    // Whoever writes will send: until then the worker has begun, and nobody who only reads has paid for it.
    this.form.addEventListener("input", () => writing.sealer.rehearse(this.call.recipients), { once: true });
    first("[data-do=again]").addEventListener("click", () => void this.deliver());
    first("[data-do=back]").addEventListener("click", () => this.back());
    first("[data-do=save]").addEventListener("click", () => void this.save());
    window.addEventListener("online", () => {
      if (this.waiting && this.form.isConnected) void this.deliver();
    });
  }

  /** Whether the page may be exchanged for the one in another language: not while a report is on its way, nor after it arrived. */
  get movable(): boolean {
    return !this.pressed && !first('[data-view="form"]').hidden;
  }

  /** What was filled in. */
  carried(): Carried {
    return this.filling.carried();
  }

  private async send(): Promise<void> {
    if (this.pressed) return;
    this.pressed = true;
    try {
      const filled = (await this.stays()) ? this.filling.checked() : null;
      // What was sent before and never answered may have arrived: the same receipt keeps both reports one person's.
      const addition = this.writing.holding || this.writing.postedBefore;
      if (filled !== null) await this.seal({ kind: "seal", call: this.call, ...filled, addition });
    } finally {
      this.pressed = false;
    }
  }

  private async seal(asked: Asked): Promise<void> {
    if (!(await this.stays())) return;
    view("sending");
    showMoving();
    showStep("seal");
    if (!(await this.stays())) return;
    try {
      this.body = (await this.writing.sealer.ask(asked, "sealed", (done) => showStep("seal", done))).body;
    } catch (error) {
      const { word, member } = error instanceof Refusal ? error : new Refusal("sealing");
      return this.refused(word, member);
    }
    if (await this.stays()) await this.deliver();
  }

  /** Ends this task, so that the next part is one of its own on a slow phone. False when somebody left meanwhile: then nothing is to follow. */
  private async stays(): Promise<boolean> {
    await aTurn();
    return this.form.isConnected;
  }

  /** Sends the sealed bytes, the same ones as often as it takes. */
  private async deliver(): Promise<void> {
    this.waiting = false;
    if (this.body === null) return;
    showMoving();
    showStep("send");
    this.posted = true;
    const { word, text } = await this.posting(this.body);
    if (word === "duplicate") return this.seal({ kind: "again" });
    if (word !== "") return this.refused(word);
    showStep("prove");
    try {
      const { receipt } = await this.writing.sealer.ask({ kind: "verify", promise: text }, "kept");
      await this.arrived(receipt, text);
    } catch (error) {
      this.refused(error instanceof Refusal ? error.word : "signature");
    }
  }

  /** Posts, and does the work that is asked for before a report is taken. */
  private async posting(body: Blob): Promise<{ readonly word: string; readonly text: string }> {
    let header = "";
    for (let times = 0; ; times += 1) {
      const reply = await post(this.form.dataset["post"] ?? "", body, (done) => showStep("send", done), header);
      if (reply.work === null || times === MOST_WORK) return reply;
      try {
        header = await this.worked(reply.work);
      } catch (error) {
        return { word: error instanceof Refusal ? error.word : "work", text: "" };
      }
      showStep("send");
    }
  }

  private async worked(work: WorkAsked): Promise<string> {
    showStep("work");
    return (await this.writing.sealer.ask({ kind: "work", work }, "worked", (done) => showStep("work", done))).header;
  }

  private refused(refusal: string, member = -1): void {
    const word = this.posted && NOTHING_SENT.has(refusal) ? "answer" : refusal;
    if (this.body !== null && WORTH_ANOTHER_TRY.has(word)) {
      this.waiting = word === "network";
      showStuck(sentence(word === "network" && !navigator.onLine ? "refusal.offline" : `refusal.${word}`));
      return;
    }
    this.back();
    if (word === "file-unreadable" && this.filling.vanished(member)) return;
    showProblems([], sentence(`refusal.${word}`));
  }

  private back(): void {
    this.body = null;
    this.waiting = false;
    this.writing.postedBefore ||= this.posted;
    this.posted = false;
    view("form");
  }

  /** Hands the sealed bytes out, to be sent later or from elsewhere; the receipt with them, because no promise can reach this page then. */
  private async save(): Promise<void> {
    if (this.body === null) return;
    const name = sealedName(new Uint8Array(await this.body.slice(0, 4).arrayBuffer()));
    const { receipt } = await this.writing.sealer.ask({ kind: "saved" }, "saved");
    handOut(this.body, name);
    this.posted = true; // from now on it may arrive without this page
    part("file").textContent = sentence("saved.file", { name });
    fillPlate(part("receipt-saved"), receipt);
    part("saved").hidden = false;
    part("saved").focus();
  }

  private async arrived(receipt: readonly string[], promise: string): Promise<void> {
    this.writing.sealer.end();
    this.body = null;
    this.filling.forget();
    letGo();
    part("problems").replaceChildren();
    part("saved").replaceChildren();
    if (await this.stays()) await showArrival(receipt, promise, this.writing.holding);
  }
}
