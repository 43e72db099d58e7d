/** Whether a receipt was noted: its last group is typed in again before one goes on. Then the number is out of sight. */
import { typedDigits } from "./answers.js";
import { first, part } from "./page.js";
import { showProblemAt } from "./problems.js";

/** The plate `kept`, the question `noted` and the last words `end` of one page; each number that is shown is asked about anew. */
export class Noting {
  private last = "";
  private readonly input = first<HTMLInputElement>("input", part("noted"));

  constructor() {
    const field = part("f-noted");
    part("noted").addEventListener("submit", (event) => {
      event.preventDefault();
      // The whole number typed again is as good a proof as its last group.
      const noted = typedDigits(this.input.value).replace(/[^0-9]/g, "").endsWith(this.last);
      showProblemAt(field, noted ? [] : [{ question: "noted", code: "noted" }]);
      if (noted) this.end();
      else this.input.focus();
    });
    first("[data-do=unnoted]").addEventListener("click", () => this.end());
    first("[data-do=reveal]").addEventListener("click", () => {
      this.show();
      part("receipt").scrollIntoView();
    });
  }

  /** Asks about this number, given in its groups. */
  ask(receipt: readonly string[]): void {
    this.last = receipt[receipt.length - 1] ?? "";
    this.show();
  }

  /** Ends at the last words: the number is out of sight, whoever looks over the shoulder. */
  end(): void {
    part("kept").hidden = true;
    part("noted").hidden = true;
    part("end").hidden = false;
    window.scrollTo(0, 0);
    first("h2", part("end")).focus();
  }

  private show(): void {
    showProblemAt(part("f-noted"), []);
    this.input.value = "";
    part("kept").hidden = false;
    part("noted").hidden = false;
    part("end").hidden = true;
  }
}
