/** The receipt page with a script: the receipt stays on the device, only the log is fetched and only withdraw_n is sent. */
import { Refusal } from "./errors.js";
import type { Found } from "./messages.js";
import { element, first, part, sentence, shown } from "./page.js";
import { showProblems } from "./problems.js";
import { callOf } from "./filling.js";
import { Sealer } from "./sealer.js";
import { fetched, post } from "./sending.js";

/** One receipt page in one language. */
export class ReceiptPage {
  private readonly form = part<HTMLFormElement>("look");
  private readonly call = callOf(this.form);
  private readonly sealer = new Sealer();
  private readonly answer = part("standing");

  constructor() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.guarded(() => this.look());
    });
    first<HTMLButtonElement>("[data-do=send]").disabled = false;
    first("[data-waiting]").hidden = true;
  }

  private guarded(step: () => Promise<void>): void {
    step().catch((error: unknown) => this.refused(error instanceof Refusal ? error.word : "network"));
  }

  private refused(word: string): void {
    this.answer.hidden = true;
    if (word === "receipt") showProblems([{ question: "receipt", code: "receipt" }]);
    else showProblems([], sentence(`refusal.${word}`));
  }

  private async look(): Promise<void> {
    showProblems([]);
    const address = `/calls/${this.call.call}/log/`;
    const [entries, note] = await Promise.all([fetched(`${address}entries`), fetched(`${address}checkpoint`)]);
    if (entries === null || note === null) throw new Refusal("network");
    const checkpoint = new TextDecoder("utf-8", { ignoreBOM: true }).decode(note);
    const receipt = first<HTMLInputElement>("[name=receipt]", this.form).value;
    this.show((await this.sealer.ask({ kind: "look", call: this.call, receipt, entries, checkpoint }, "found")).reports);
  }

  private async withdraw(n: number): Promise<void> {
    const { body } = await this.sealer.ask({ kind: "withdraw", n }, "withdrawal");
    const reply = await post(`/calls/${this.call.call}/withdrawals`, new Blob([body]));
    if (reply.word !== "") throw new Refusal(reply.word as Refusal["word"]);
    this.show((await this.sealer.ask({ kind: "withdrawn", n, promise: reply.text }, "found")).reports);
  }

  private show(reports: readonly Found[]): void {
    this.answer.replaceChildren(...reports.map((found) => this.row(found)));
    this.answer.hidden = false;
    this.answer.focus();
  }

  private row({ n, standing }: Found): HTMLElement {
    const row = element("section");
    const name = n === 0 ? sentence("standing.first") : sentence("standing.addition", { n: shown(n) });
    row.append(element("h2", name), element("p", sentence(`standing.${standing}`)));
    if (standing === "withdrawn") return row;
    const button = element("button", sentence("withdraw.confirm"), { type: "button", class: "plain" });
    button.addEventListener("click", () => this.guarded(() => this.withdraw(n)));
    const inside = element("div", "", { class: "inside" });
    inside.append(element("p", sentence("withdraw.warning")), element("p", this.form.dataset["withdrawal"]), button);
    const details = element("details"); // two presses, so that no slip of a thumb destroys a report
    details.append(element("summary", sentence("withdraw.button")), inside);
    row.append(details);
    return row;
  }
}
