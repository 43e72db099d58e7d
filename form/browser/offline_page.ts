/** The offline form: answers are checked and sealed, and the sealed bytes are saved as a file. Nothing is ever sent from here. */
import { Refusal } from "./errors.js";
import { type Carried, Filling, callOf } from "./filling.js";
import type { Sealed, Sealing } from "./offline_sealing.js";
import { Noting } from "./noting.js";
import { first, part, sentence, view } from "./page.js";
import { fillPlate } from "./plate.js";
import { showProblems } from "./problems.js";
import { sealedName } from "./report.js";

/** What outlives a change of language: who seals, and whether the newest sealed file was given out. */
export interface Writing {
  readonly sealing: Promise<Sealing>;
  handedOut: boolean;
}

/** One form in one language. */
export class OfflinePage {
  private readonly form = part<HTMLFormElement>("report");
  private readonly call = callOf(this.form);
  private readonly filling: Filling;
  private readonly link = first<HTMLAnchorElement>("[data-do=save]");
  private readonly noting = new Noting();

  constructor(
    private readonly writing: Writing,
    carried: Carried | null,
  ) {
    this.filling = new Filling(this.form, carried, () => void this.seal());
    this.link.addEventListener("click", () => {
      this.writing.handedOut = true;
    });
    first("[data-do=back]").addEventListener("click", () => view("form"));
  }

  /** Whether the page may be exchanged for the one in another language: not while it seals, nor while the receipt stands there. */
  get movable(): boolean {
    return !first('[data-view="form"]').hidden;
  }

  /** What was filled in. */
  carried(): Carried {
    return this.filling.carried();
  }

  private async seal(): Promise<void> {
    try {
      const filled = this.filling.checked();
      if (filled === null) return;
      view("sending");
      const bar = first<HTMLProgressElement>("#sealing progress");
      const sealing = await this.writing.sealing;
      this.give(
        await sealing.seal({ call: this.call, ...filled, handedOut: this.writing.handedOut }, (done) => {
          bar.value = done;
        }),
      );
    } catch (error) {
      view("form");
      if (error instanceof Refusal && this.filling.vanished(error.member)) return;
      showProblems([], sentence(`refusal.${error instanceof Refusal ? error.word : "sealing"}`));
    }
  }

  private give({ body, receipt }: Sealed): void {
    if (this.link.href.startsWith("blob:")) URL.revokeObjectURL(this.link.href);
    this.link.download = sealedName(body);
    this.link.href = URL.createObjectURL(new Blob([body], { type: "application/octet-stream" }));
    this.writing.handedOut = false;
    part("file").textContent = sentence("saved.file", { name: this.link.download });
    fillPlate(part("receipt"), receipt);
    this.noting.ask(receipt);
    view("saved");
  }
}
