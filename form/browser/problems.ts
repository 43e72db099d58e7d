/** What is to be mended, in a summary that takes the focus and beside each field. */
import type { Problem } from "./answers.js";
import { all, element, first, part, sentence } from "./page.js";
import { reveal } from "./steps.js";

function clear(within: ParentNode = document): void {
  for (const error of all("[data-error]", within)) error.remove();
  for (const control of all("[aria-invalid]", within)) control.removeAttribute("aria-invalid");
  for (const field of all(".field.wrong")) field.classList.toggle("wrong", field.querySelector("[data-error]") !== null);
}

/** The control a problem is about: of a date with a wrong year that is the year, of everything else the first one. */
function control(field: HTMLElement, { code }: Problem): HTMLElement {
  return (code === "year-four-digits" ? field.querySelector<HTMLElement>(".year input") : null) ?? first("input, textarea, select", field);
}

/** The sentences beside the field, tied to its control for those who listen. */
function mark(field: HTMLElement, problem: Problem): void {
  const id = field.id.replace(/^f-/, "e-");
  const error = field.querySelector<HTMLElement>(`[id="${id}"]`) ?? element("div", "", { class: "error", id, "data-error": "" });
  const line = element("p");
  line.append(element("span", sentence("problem.word"), { class: "unseen" }), sentenceOf(problem));
  error.append(line);
  first("[data-before-control]", field).before(error);
  field.classList.add("wrong");
  const described = field.tagName === "FIELDSET" ? field : control(field, problem);
  const ids = (described.getAttribute("aria-describedby") ?? "").split(" ").filter((other) => other !== "" && other !== id);
  described.setAttribute("aria-describedby", [...ids, id].join(" "));
  control(field, problem).setAttribute("aria-invalid", "true");
}

function sentenceOf({ code, places }: Problem): string {
  return sentence(`problem.${code}`, places, "problem.bad-option");
}

/** Says what is to be mended at one field at once, or takes away what was said there; the summary is for when the report is to be sent. */
export function showProblemAt(field: HTMLElement, problems: readonly Problem[]): void {
  clear(field);
  for (const problem of problems) mark(field, problem);
  const error = field.querySelector("[data-error]");
  if (error !== null) error.setAttribute("role", "alert");
}

function link(field: HTMLElement, problem: Problem): HTMLElement {
  const target = control(field, problem);
  const anchor = element("a", "", { href: `#${target.id}` });
  anchor.append(element("span", field.dataset["label"] ?? "", { class: "about" }), " ", sentenceOf(problem));
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
    if (field === null) {
      rows.push(element("li", sentenceOf(problem)));
    } else {
      mark(field, problem);
      rows.push(link(field, problem) as HTMLLIElement);
    }
  }
  first("ul", summary).replaceChildren(...rows);
  summary.hidden = rows.length === 0;
  if (rows.length === 0) return;
  const title = sentence(problems.length > 0 ? "problem.title" : "message.title");
  part("problems-title").textContent = title;
  document.title = title;
  summary.scrollIntoView();
  summary.focus({ preventScroll: true });
}
