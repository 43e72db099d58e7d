/** A form while it is filled in: what the answers ask for is shown, and what was filled in is held against the rules before it goes on. */
import { applyConditions, readForm } from "./answers.js";
import { Attachments, type Chosen } from "./attachments.js";
import { type Typed, putBack, taken } from "./carrying.js";
import { all } from "./page.js";
import { showProblems } from "./problems.js";
import type { Call, Testimony } from "./report.js";
import { bindSteps, currentGroup, goOn, isLastGroup, isPaged, showGroup } from "./steps.js";

/** The call as the attributes of the form name it. */
export function callOf({ dataset }: HTMLElement): Call {
  const { call = "", callSha256 = "", origin = "", logVkey = "", recipients = "", maxK = "" } = dataset;
  return { call, callSha256, origin, logVkey, recipients: recipients.split(" "), maxK: Number(maxK) };
}

/** What the page in another language goes on with. */
export interface Carried {
  readonly typed: Typed;
  readonly files: ReadonlyMap<string, readonly Chosen[]>;
  readonly group: number;
}

/** A form that was filled in and has nothing left to mend. */
export interface Filled {
  readonly testimony: Testimony;
  readonly files: readonly File[];
}

/** The fields of one form in one language; `submitted` is called when the person presses the button. */
export class Filling {
  /** Whether there is anything here that could be lost. */
  touched: boolean;
  private readonly attachments: Attachments;

  constructor(
    private readonly form: HTMLFormElement,
    carried: Carried | null,
    submitted: () => void,
  ) {
    if (carried !== null) putBack(form, carried.typed);
    this.touched = carried !== null;
    this.attachments = new Attachments(form, carried?.files);
    form.addEventListener("input", () => {
      this.touched = true;
    });
    form.addEventListener("change", () => this.arrange());
    for (const button of all("[data-clear]", form)) button.addEventListener("click", () => this.clear(button));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      // Enter in a field asks for the button that sends: before the last group it means to go on.
      if (isLastGroup()) submitted();
      else if (this.mended()) goOn();
    });
    bindSteps(form, () => this.mended());
    this.arrange();
    showGroup(carried?.group ?? currentGroup());
    for (const waiting of all("[data-waiting]")) waiting.hidden = true;
    for (const button of all<HTMLButtonElement>("button[data-do]:disabled", form)) button.disabled = false;
  }

  /** What was filled in, as it stands. */
  carried(): Carried {
    return { typed: taken(this.form), files: this.attachments.kept, group: currentGroup() };
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

  /** Says at its field that a file cannot be read any more (its number in the container from 0). False when no such file was chosen. */
  vanished(member: number): boolean {
    const problem = this.attachments.vanished(member);
    if (problem !== null) showProblems([problem]);
    return problem !== null;
  }

  /** Forgets what was filled in: nobody who picks the phone up now can page back to it. */
  forget(): void {
    this.attachments.clear();
    this.form.reset();
    this.form.replaceChildren();
  }

  /** Whether nothing is to be mended in the group that is shown; else the page says what. On the last one `checked` looks at everything. */
  private mended(): boolean {
    const group = isPaged() ? all("[data-group]", this.form)[currentGroup()] : undefined;
    if (group === undefined) return true;
    const here = [...readForm(this.form).problems, ...this.attachments.problems()].filter(
      // A contact may still be asked for below: that is said where the tick is.
      ({ question, code }) => code !== "contact-needed" && group.querySelector(`[data-question="${question}"]`) !== null,
    );
    showProblems(here);
    return here.length === 0;
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
