/** The receipt page with a script: the receipt stays on the device, only public lists are fetched and only withdraw_n is sent. */
import { Refusal } from "./errors.js";
import { callOf } from "./filling.js";
import { spokenMoment } from "./deadline.js";
import { endOnLeaving } from "./leaving.js";
import type { Found, Looked } from "./messages.js";
import { element, first, part, sentence, shown } from "./page.js";
import { showProblems } from "./problems.js";
import { readable } from "./review.js";
import { Sealer } from "./sealer.js";
import { fetched, post } from "./sending.js";

/** A note is short: what is longer is no kept promise. */
const MOST_PROMISE = 4096;

/** One receipt page in one language; `add` is given the worker that knows the receipt. */
export class ReceiptPage {
  private readonly form = part<HTMLFormElement>("look");
  private readonly call = callOf(this.form);
  private readonly sealer = new Sealer();
  private readonly answer = part("standing");
  private readonly lists = `/calls/${this.call.call}`;

  constructor(private readonly add: (sealer: Sealer) => Promise<boolean>) {
    endOnLeaving(() => this.sealer.end());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.guarded(() => this.look());
    });
    const send = first<HTMLButtonElement>("[data-do=send]");
    first("[name=receipt]", this.form).addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return; // two lines for 32 digits, but still one number
      event.preventDefault();
      send.click();
    });
    send.disabled = false;
    first("[data-waiting]").hidden = true;
  }

  private guarded(step: () => Promise<void>): void {
    this.busy(true);
    step()
      .catch((error: unknown) => this.refused(error instanceof Refusal ? error.word : "network"))
      .finally(() => this.busy(false));
  }

  private busy(busy: boolean): void {
    if (!this.form.isConnected) return; // the form for an addition stands here by now
    part("looking").hidden = !busy;
    this.form.setAttribute("aria-busy", String(busy));
  }

  /** The number as it was typed. */
  get typed(): string {
    return first<HTMLTextAreaElement>("[name=receipt]", this.form).value;
  }

  /** Ends the worker, which knows the receipt by then. */
  end(): void {
    this.sealer.end();
  }

  private refused(word: string): void {
    if (!this.form.isConnected) return; // another page stands here by now
    this.answer.hidden = true;
    if (word === "receipt") showProblems([{ question: "receipt", code: "receipt" }]);
    else showProblems([], word === "network" && !navigator.onLine ? sentence("look.offline") : sentence(`refusal.${word}`));
  }

  private async promise(): Promise<string> {
    const file = first<HTMLInputElement>("#kept-promise").files?.[0];
    if (file === undefined) return "";
    try {
      return await file.slice(0, MOST_PROMISE).text();
    } catch {
      throw new Refusal("file-unreadable");
    }
  }

  private async look(): Promise<void> {
    showProblems([]);
    const promise = await this.promise();
    const receipt = first<HTMLInputElement>("[name=receipt]", this.form).value;
    this.show(await this.found(receipt, promise));
  }

  /** Fetches the public lists and has the receipt looked up in them. */
  private async found(receipt: string, promise: string, again = true): Promise<Looked> {
    const names = ["entries", "checkpoint", "received", "received.minisig"];
    const lists = await Promise.all(names.map((name) => fetched(`${this.lists}/log/${name}`)));
    const [entries, checkpoint, received, receivedSignature] = lists.map((list) => {
      if (list === null) throw new Refusal("network");
      return list;
    }) as [ArrayBuffer, ArrayBuffer, ArrayBuffer, ArrayBuffer];
    const { signingKey = "" } = this.form.dataset;
    const asked = { kind: "look", call: this.call, receipt, signingKey, entries, checkpoint, received, receivedSignature, promise } as const;
    // A batch or a signature may have come to the server between two of these answers: then they fit each other the next time. What is
    // forged never does.
    try {
      const looked = await this.sealer.ask(asked, "found");
      if (!again || looked.countersigned !== "forged") return looked;
    } catch (error) {
      if (!again || !(error instanceof Refusal) || error.word !== "log-inconsistent") throw error;
    }
    return this.found(receipt, promise, false);
  }

  private async withdraw(n: number): Promise<void> {
    const { body } = await this.sealer.ask({ kind: "withdraw", n }, "withdrawal");
    const reply = await post(`${this.lists}/withdrawals`, new Blob([body]));
    if (reply.word !== "") throw new Refusal(reply.word as Refusal["word"]);
    await this.sealer.ask({ kind: "withdrawn", n, promise: reply.text }, "withdrawn");
    const row = part(`report-${n}`);
    row.replaceChildren(first("h2", row), this.line("withdrawn", "withdrawn"));
    first("h2", row).focus();
  }

  private async reply({ n, prefix }: Found, box: HTMLElement): Promise<void> {
    const records = await fetched(`${this.lists}/replies/${prefix}`);
    if (records === null) throw new Refusal("network");
    const text = records.byteLength === 0 ? null : (await this.sealer.ask({ kind: "replies", n, records }, "reply")).text;
    if (text === null) {
      box.replaceChildren(this.line("none", "reply.none"));
      return;
    }
    const said = element("blockquote", readable(text, text.length), { dir: "auto" });
    box.replaceChildren(element("h3", sentence("reply.title")), said);
  }

  private show(looked: Looked): void {
    const rows = looked.reports.map((found) => this.row(found, looked));
    const more: HTMLElement[] = [];
    if (looked.promise !== "none") {
      const when = looked.publishBy === 0 ? "" : spokenMoment(new Date(looked.publishBy * 1000));
      more.push(this.box(element("h2", sentence("kept.title")), this.line(looked.promise, `kept.${looked.promise}`, { when })));
    }
    more.push(this.adding());
    this.answer.replaceChildren(...rows, ...more);
    this.answer.hidden = false;
    this.answer.focus();
  }

  private box(...parts: readonly HTMLElement[]): HTMLElement {
    const box = element("section", "", { class: "standing" });
    box.append(...parts);
    return box;
  }

  /** One thing that is known, with its mark; the words say it without the mark. */
  private line(state: string, key: string, places: Readonly<Record<string, string>> = {}): HTMLElement {
    return element("p", sentence(key === "withdrawn" ? "standing.withdrawn" : key, places), { class: "mark", "data-mark": state });
  }

  private row(found: Found, { countersigned }: Looked): HTMLElement {
    const { n, standing, held, prefix } = found;
    const heading = element("h2", n === 0 ? sentence("standing.first") : sentence("standing.addition", { n: shown(n) }), { tabindex: "-1" });
    const row = this.box(heading, this.line(standing, `standing.${standing}`));
    row.id = `report-${n}`;
    if (standing === "withdrawn" || standing === "destroyed") return row;
    if (standing === "published") {
      const state = held ? "held" : countersigned === "forged" ? "forged" : "unheld";
      row.append(this.line(state, `held.${state}`));
    }
    if (prefix !== "") {
      const box = element("div", "", { "aria-live": "polite" });
      row.append(box);
      this.reply(found, box).catch((error: unknown) => {
        const word = error instanceof Refusal && error.word !== "network" ? "reply.broken" : "reply.network";
        box.replaceChildren(this.line("broken", word));
      });
    }
    row.append(this.withdrawing(n));
    return row;
  }

  private withdrawing(n: number): HTMLElement {
    const button = element("button", sentence("withdraw.confirm"), { type: "button", class: "plain" });
    button.addEventListener("click", () => this.guarded(() => this.withdraw(n)));
    const inside = element("div", "", { class: "inside" });
    inside.append(element("p", sentence("withdraw.warning")), element("p", this.form.dataset["withdrawal"]), button);
    const details = element("details"); // two presses, so that no slip of a thumb destroys a report
    details.append(element("summary", sentence("withdraw.button")), inside);
    return details;
  }

  private adding(): HTMLElement {
    const button = element("button", sentence("add.button"), { type: "button", class: "plain" });
    button.addEventListener("click", () => {
      this.guarded(async () => {
        if (!(await this.add(this.sealer))) throw new Refusal("network");
      });
    });
    const box = element("section");
    box.append(element("h2", sentence("add.title")), element("p", sentence("add.text")), button);
    return box;
  }
}
