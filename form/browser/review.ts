/** "Check your answers": everything that was filled in, as the page's own words say it, each with a way to change it. */
import { all, element, first, part, sentence, shown } from "./page.js";

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const MOST_SHOWN = 600;
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A text for reading: marks that turn the direction of letters around are kept in the report and spelt out here; a long one is cut. */
export function readable(typed: string, most = MOST_SHOWN): string {
  const cut = typed.length > most ? `${typed.slice(0, most)}…` : typed;
  return cut.replace(DIRECTIONS, (mark) => `[U+${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

function labelOf(control: Control): string {
  return control.labels?.[0]?.textContent?.trim() ?? "";
}

function chosen(control: Control): string {
  if (control instanceof HTMLSelectElement) return control.value === "" ? "" : (control.selectedOptions[0]?.textContent ?? "");
  return control.value.trim();
}

/** What stands in one question, a line for each part of the answer; none when it is unanswered. */
function answer(field: HTMLElement): readonly string[] {
  const type = field.dataset["type"] ?? "";
  const controls = all<Control>("input, textarea, select", field).filter(({ name }) => name !== "");
  if (type === "files") return all("[data-files] bdi", field).map(({ textContent }) => textContent ?? "");
  if (type === "choice" || type === "choices") {
    return controls.filter((control) => (control as HTMLInputElement).checked).map(labelOf);
  }
  if (type === "ranking") {
    const ranked = controls.filter((control) => chosen(control) !== "");
    return ranked.map((control) => `${chosen(control)}. ${labelOf(control)}`).sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
  }
  const said = controls.map(chosen).filter((text) => text !== "");
  return type === "date" ? (said.length > 0 ? [said.join(" ")] : []) : said;
}

function row(field: HTMLElement, lines: readonly string[]): HTMLElement {
  const made = element("div");
  const label = field.dataset["label"] ?? "";
  const said = element("dd");
  for (const line of lines) said.append(element("bdi", readable(line)));
  const change = element("button", sentence("review.change"), { type: "button", class: "quiet", "data-change": field.id });
  change.setAttribute("aria-label", `${sentence("review.change")}: ${label}`);
  const way = element("dd");
  way.append(change);
  made.append(element("dt", label), said, way);
  return made;
}

/** Writes the list anew, and how many questions were left empty. */
export function showAnswers(): void {
  const asked = all("[data-question]").filter(({ hidden }) => !hidden);
  const answered = asked.map((field) => ({ field, lines: answer(field) })).filter(({ lines }) => lines.length > 0);
  const list = first("dl", part("review"));
  list.replaceChildren(...answered.map(({ field, lines }) => row(field, lines)));
  list.hidden = answered.length === 0;
  const empty = asked.length - answered.length;
  const key = answered.length === 0 ? "review.none" : "review.empty";
  const said = first("p", part("review"));
  said.textContent = sentence(key, { n: shown(empty) });
  said.hidden = empty === 0;
}
