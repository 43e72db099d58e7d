/** After a report arrived: the receipt, whether it was noted, and the way out. */
import { typedDigits } from "./answers.js";
import { all, first, part, sentence, view } from "./page.js";
import { fillPlate } from "./plate.js";
import { showProblemAt } from "./problems.js";

/** Ends at the last words: the number is out of sight, whoever looks over the shoulder. */
function end(): void {
  part("kept").hidden = true;
  part("noted").hidden = true;
  part("end").hidden = false;
  window.scrollTo(0, 0);
  first("h2", part("end")).focus({ preventScroll: true });
}

function bindNoted(last: string): void {
  const field = part("f-noted");
  const input = first<HTMLInputElement>("input", field);
  part("noted").addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = typedDigits(input.value);
    // The whole number typed again is as good a proof as its last group.
    const noted = typed.replace(/[^0-9]/g, "").endsWith(last);
    showProblemAt(field, noted ? [] : [{ question: "noted", code: "noted" }]);
    if (noted) end();
    else input.focus();
  });
  first("[data-do=unnoted]").addEventListener("click", end);
  first("[data-do=reveal]").addEventListener("click", () => {
    part("kept").hidden = false;
    part("end").hidden = true;
    part("noted").hidden = false;
    input.value = "";
    part("receipt").scrollIntoView();
  });
}

/** Shows that a report arrived. `holding`: the receipt was typed in before, so it is not shown again. */
export function showArrival(receipt: readonly string[], promise: string, holding: boolean): void {
  fillPlate(part("receipt"), receipt);
  for (const keep of all<HTMLAnchorElement>("[data-promise]")) {
    keep.href = URL.createObjectURL(new Blob([promise], { type: "text/plain" }));
  }
  bindNoted(receipt[receipt.length - 1] ?? "");
  document.title = sentence("arrived.title");
  view("arrived");
  if (!holding) return;
  first('[data-view="arrived"] h1').textContent = sentence("arrived.added");
  first("[data-do=reveal]").hidden = true;
  end();
  first('[data-view="arrived"] h1').focus();
}
