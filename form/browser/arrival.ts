/** After a report arrived: the receipt, whether it was noted, and the way out. */
import { Noting } from "./noting.js";
import { all, first, part, sentence, view } from "./page.js";
import { fillPlate } from "./plate.js";
import { aTurn } from "./turn.js";

/** Shows that a report arrived. `holding`: the receipt was typed in before, so it is not shown again. */
export async function showArrival(receipt: readonly string[], promise: string, holding: boolean): Promise<void> {
  const plate = part("receipt");
  fillPlate(plate, receipt);
  for (const keep of all<HTMLAnchorElement>("[data-promise]")) {
    keep.href = URL.createObjectURL(new Blob([promise], { type: "text/plain" }));
  }
  const noting = new Noting();
  noting.ask(receipt);
  await aTurn(); // to lay the page out is a task of its own
  if (!plate.isConnected) return; // somebody left
  document.title = sentence("arrived.title");
  view("arrived");
  if (!holding) return;
  first('[data-view="arrived"] h1').textContent = sentence("arrived.added");
  first("[data-do=reveal]").hidden = true;
  noting.end();
  first('[data-view="arrived"] h1').focus();
}
