/** A form while it is filled in: what the answers ask for is shown, and what was filled in is held against the rules before it goes on. */
import { applyConditions, readForm } from "./answers.js";
import { Attachments } from "./attachments.js";
import { type Typed, putBack, taken } from "./carrying.js";
import { all, first } from "./page.js";
import { showProblems } from "./problems.js";
import type { Call, Testimony } from "./report.js";

/** The call as the attributes of the form name it. */
export function callOf({ dataset }: HTMLElement): Call {
  const { call = "", callSha256 = "", origin = "", logVkey = "", recipients = "", maxK = "" } = dataset;
  return { call, callSha256, origin, logVkey, recipients: recipients.split(" "), maxK: Number(maxK) };
}

/** What the page in another language goes on with. */
export interface Carried {
  readonly typed: Typed;
  readonly files: ReadonlyMap<string, readonly File[]>;
}

/** A form that was filled in and has nothing left to mend. */
export interface Filled {
  readonly testimony: Testimony;
  readonly files: readonly File[];
}

/** The fields of one form in one language; `submitted` is called when the person presses the button. */
export class Filling {
  private readonly attachments: Attachments;

  constructor(
    private readonly form: HTMLFormElement,
    carried: Carried | null,
    submitted: () => void,
  ) {
    if (carried !== null) putBack(form, carried.typed);
    this.attachments = new Attachments(form, carried?.files);
    form.addEventListener("change", () => this.arrange());
    for (const button of all("[data-clear]", form)) button.addEventListener("click", () => this.clear(button));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submitted();
    });
    this.arrange();
    for (const waiting of all("[data-waiting]")) waiting.hidden = true;
    first<HTMLButtonElement>("[data-do=send]").disabled = false;
  }

  /** What was filled in, as it stands. */
  carried(): Carried {
    return { typed: taken(this.form), files: this.attachments.kept };
  }

  /** What is to be sealed, or null: then the page says what is to be mended. */
  checked(): Filled | null {
    const { consent, answers, problems } = readForm(this.form);
    const members = this.attachments.members();
    const mended = [...problems, ...this.attachments.problems()];
    showProblems(mended);
    if (mended.length > 0) return null;
    return { testimony: { lang: document.documentElement.lang, consent, answers: { ...answers, ...members.answers } }, files: members.files };
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
}
