/**
 * One group of questions at a time, where a form is long enough for that to help; the list of answers before the button that sends.
 *
 * No step has an entry of its own in the browser's history: leaving replaces one entry, and none may be left behind.
 */
import { all, first, part, sentence, shown } from "./page.js";
import { showAnswers } from "./review.js";

const GROUP = "[data-group]";

function groups(): readonly HTMLElement[] {
  return all(GROUP);
}

/** Whether there is anything to see in a group: the last one has the consent, the others have questions that may all be hidden. */
function hasContent(group: HTMLElement): boolean {
  const questions = all("[data-question]", group);
  return questions.length === 0 || questions.some(({ hidden }) => !hidden);
}

/** Whether the groups of this form are shown one at a time. */
export function isPaged(): boolean {
  return document.querySelector("[data-paged]") !== null;
}

/** The group that is shown, by its place in the page. */
export function currentGroup(): number {
  return Math.max(0, groups().findIndex((group) => !group.classList.contains("later")));
}

function onward(every: readonly HTMLElement[], at: number, by: 1 | -1): number | null {
  for (let next = at + by; next >= 0 && next < every.length; next += by) {
    const group = every[next];
    if (group !== undefined && hasContent(group)) return next;
  }
  return null;
}

/** Shows one group, and what belongs beside it. */
export function showGroup(at: number): void {
  const every = groups();
  const last = every.length - 1;
  if (isPaged()) {
    every.forEach((group, index) => group.classList.toggle("later", index !== at));
    first("[data-opening]").hidden = at > 0;
    first('[data-view="form"] h1').classList.toggle("unseen", at > 0);
    first("[data-do=previous]").hidden = at === 0;
    const there = every.filter(hasContent);
    const place = every[at] === undefined ? 0 : there.indexOf(every[at]) + 1;
    first("[data-part]").textContent = sentence("part", { n: shown(place), all: shown(there.length) });
    first("[data-onward]").hidden = at === last;
    const next = onward(every, at, 1);
    const title = every[next ?? last]?.querySelector("h2")?.textContent ?? "";
    first("[data-do=next]").textContent = sentence("next", { title });
    first("[data-do=finish]").hidden = next === last || next === null;
  }
  showAnswers();
}

/** Shows a group and puts the reader at its beginning. */
function open(at: number): void {
  showGroup(at);
  window.scrollTo(0, 0);
  const heading = groups()[at]?.querySelector<HTMLElement>("h2") ?? first("[data-part]");
  heading.focus({ preventScroll: true });
}

/** Makes a field visible, in whichever group it stands. */
export function reveal(field: HTMLElement): void {
  const group = field.closest<HTMLElement>(GROUP);
  if (group !== null && group.classList.contains("later")) showGroup(groups().indexOf(group));
}

/** Puts the reader at a field, in whichever group it stands. */
function lead(field: HTMLElement): void {
  reveal(field);
  field.scrollIntoView();
  first("input, textarea, select", field).focus({ preventScroll: true });
}

/** Whether no group follows the one that is shown: this is the last one, or everything is on one page. */
export function isLastGroup(): boolean {
  return !isPaged() || onward(groups(), currentGroup(), 1) === null;
}

/** Goes on to the next group. False when this is the last one, or everything is on one page. */
export function goOn(): boolean {
  const next = isPaged() ? onward(groups(), currentGroup(), 1) : null;
  if (next !== null) open(next);
  return next !== null;
}

/** Binds the buttons that lead through the groups; `mended` says whether this group may be left for a later one. */
export function bindSteps(form: HTMLElement, mended: () => boolean): void {
  if (isPaged()) {
    first("[data-do=previous]").addEventListener("click", () => open(onward(groups(), currentGroup(), -1) ?? 0));
    first("[data-do=next]").addEventListener("click", () => void (mended() && goOn()));
    // Two buttons lead to the end: below each group, and below the first text, for whom one sentence is enough.
    for (const button of all("[data-do=finish], [data-do=enough]")) {
      button.addEventListener("click", () => void (mended() && open(groups().length - 1)));
    }
  }
  part("review").addEventListener("click", ({ target }) => {
    const field = target instanceof HTMLElement ? document.getElementById(target.dataset["change"] ?? "") : null;
    if (field !== null) lead(field);
  });
  form.addEventListener("wanted", ({ target }) => lead((target as HTMLElement).closest(".field") ?? form));
  form.addEventListener("change", showAnswers);
}
