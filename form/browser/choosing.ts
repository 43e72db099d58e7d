/** One file, chosen by the page's own button: the name of what was chosen stands beside it, for the browser's own words are not shown. */
import { all, first } from "./page.js";

/** Shows at each such button what was chosen there. The question for several files lists its own. */
export function bindChoosing(): void {
  for (const shown of all("[data-chosen]")) {
    const field = shown.closest<HTMLElement>(".field");
    if (field === null) continue;
    const input = first<HTMLInputElement>("input[type=file]", field);
    const show = (): void => {
      shown.textContent = input.files?.[0]?.name ?? "";
    };
    input.addEventListener("change", show);
    input.form?.addEventListener("reset", () => setTimeout(show));
    show();
  }
}
