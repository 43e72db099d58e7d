/** What is to be mended, in a summary that takes the focus and beside each field. */
import type { Problem } from "./answers.js";
import { all, element, first, part, sentence } from "./page.js";

function clear(): void {
  for (const error of all("[data-error]")) error.remove();
  for (const control of all("[aria-invalid]")) control.removeAttribute("aria-invalid");
  for (const field of all(".field.wrong")) field.classList.remove("wrong");
}

function control(field: HTMLElement): HTMLElement {
  return first("input, textarea, select", field);
}

/** The sentence beside the field, tied to its control for those who listen. */
function mark(field: HTMLElement, question: string, said: string): void {
  const error = element("p", "", { class: "error", id: `e-${question}`, "data-error": "" });
  error.append(element("span", sentence("problem.word"), { class: "unseen" }), said);
  first("[data-before-control]", field).before(error);
  field.classList.add("wrong");
  const described = field.tagName === "FIELDSET" ? field : control(field);
  const ids = (described.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id !== "" && id !== error.id);
  described.setAttribute("aria-describedby", [...ids, error.id].join(" "));
  control(field).setAttribute("aria-invalid", "true");
}

function link(field: HTMLElement, said: string): HTMLElement {
  const target = control(field);
  const anchor = element("a", "", { href: `#${target.id}` });
  anchor.append(element("span", field.dataset["label"] ?? "", { class: "about" }), " ", said);
  anchor.addEventListener("click", (event) => {
    event.preventDefault();
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
  for (const { question, code } of problems) {
    const field = document.getElementById(`f-${question}`);
    const said = sentence(`problem.${code}`, {}, "problem.bad-option");
    if (field === null) {
      rows.push(element("li", said));
    } else {
      mark(field, question, said);
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
