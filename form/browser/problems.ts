/** What is to be mended, in a summary that takes the focus and beside each field. */
import type { Problem } from "./answers.js";
import { all, element, first, part, sentence } from "./page.js";
import { reveal } from "./steps.js";

function clear(within: ParentNode = document): void {
  for (const error of all("[data-error]", within)) error.remove();
  for (const control of all("[aria-invalid]", within)) control.removeAttribute("aria-invalid");
  for (const field of all(".field.wrong")) field.classList.toggle("wrong", field.querySelector("[data-error]") !== null);
}

function control(field: HTMLElement): HTMLElement {
  return first("input, textarea, select", field);
}

/** The sentences beside the field, tied to its control for those who listen. */
function mark(field: HTMLElement, said: string): void {
  const id = field.id.replace(/^f-/, "e-");
  const error = field.querySelector<HTMLElement>(`[id="${id}"]`) ?? element("div", "", { class: "error", id, "data-error": "" });
  const line = element("p");
  line.append(element("span", sentence("problem.word"), { class: "unseen" }), said);
  error.append(line);
  first("[data-before-control]", field).before(error);
  field.classList.add("wrong");
  const described = field.tagName === "FIELDSET" ? field : control(field);
  const ids = (described.getAttribute("aria-describedby") ?? "").split(" ").filter((other) => other !== "" && other !== id);
  described.setAttribute("aria-describedby", [...ids, id].join(" "));
  control(field).setAttribute("aria-invalid", "true");
}

function sentenceOf({ code, places }: Problem): string {
  return sentence(`problem.${code}`, places, "problem.bad-option");
}

/** Says what is to be mended at one field at once, or takes away what was said there; the summary is for when the report is to be sent. */
export function showProblemAt(field: HTMLElement, problems: readonly Problem[]): void {
  clear(field);
  for (const problem of problems) mark(field, sentenceOf(problem));
  const error = field.querySelector("[data-error]");
  if (error !== null) error.setAttribute("role", "alert");
}

function link(field: HTMLElement, said: string): HTMLElement {
  const target = control(field);
  const anchor = element("a", "", { href: `#${target.id}` });
  anchor.append(element("span", field.dataset["label"] ?? "", { class: "about" }), " ", said);
  anchor.addEventListener("click", (event) => {
    event.preventDefault();
    reveal(field);
    field.scrollIntoView();
    target.focus({ preventScroll: true });
  });
  const row = element("li");
  row.append(anchor);
  return row;
}

/** Shows the problems, or takes an earlier summary away when there are none. `refusal` is a sentence about the whole report. */
export function showProblems(problems: readonly Problem[], refusal = ""): void {
  clear();
  const summary = part("problems");
  const rows = refusal === "" ? [] : [element("li", refusal)];
  for (const problem of problems) {
    const field = document.getElementById(`f-${problem.question}`);
    const said = sentenceOf(problem);
    if (field === null) {
      rows.push(element("li", said));
    } else {
      mark(field, said);
      rows.push(link(field, said) as HTMLLIElement);
    }
  }
  first("ul", summary).replaceChildren(...rows);
  summary.hidden = rows.length === 0;
  if (rows.length === 0) return;
  document.title = sentence("problem.title");
  summary.scrollIntoView();
  summary.focus({ preventScroll: true });
}
