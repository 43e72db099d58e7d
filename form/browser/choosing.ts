/** One file, chosen by the page's own button: the name of what was chosen stands beside it, for the browser's own words are not shown. */
import { all, first } from "./page.js";

interface Button {
  readonly shown: HTMLElement;
  readonly input: HTMLInputElement;
}

/** Shows at each such button what was chosen there. The question for several files lists its own. */
export function bindChoosing(): void {
  for (const { shown, input } of buttons()) {
    const show = (): void => {
      shown.textContent = input.files?.[0]?.name ?? "";
    };
    input.addEventListener("change", show);
    input.form?.addEventListener("reset", () => setTimeout(show));
    show();
  }
}

/** What was chosen at such buttons, by their names in the page; a page in another language is given it again. */
export function chosenFiles(): ReadonlyMap<string, FileList> {
  const chosen = new Map<string, FileList>();
  for (const { input } of buttons()) {
    if (input.files !== null && input.files.length > 0) chosen.set(input.id, input.files);
  }
  return chosen;
}

/** Chooses them again, before the buttons are bound, and opens what they stand in. */
export function chooseAgain(chosen: ReadonlyMap<string, FileList>): void {
  for (const { input } of buttons()) {
    const files = chosen.get(input.id);
    if (files === undefined) continue;
    input.files = files;
    input.closest("details")?.setAttribute("open", "");
  }
}

function buttons(): readonly Button[] {
  return all("[data-chosen]").flatMap((shown) => {
    const field = shown.closest<HTMLElement>(".field");
    return field === null ? [] : [{ shown, input: first<HTMLInputElement>("input[type=file]", field) }];
  });
}
