/** Leaving at once: what was typed is wiped, and the history's entry is replaced by a harmless page. */
import { all, first } from "./page.js";

const PRESSES = 3;
const WITHIN = 2000;

function wipe(): void {
  for (const form of all<HTMLFormElement>("form")) form.reset();
  document.body.replaceChildren();
}

/** Leaves now. */
function leave(address: string): void {
  wipe();
  window.location.replace(address);
}

/** Binds the button of this page, and for the whole window three presses of Escape. */
export function bindLeaving(): void {
  const button = first<HTMLAnchorElement>("a.leave");
  button.addEventListener("click", (event) => {
    event.preventDefault();
    leave(button.href);
  });
}

/** Three presses of Escape within two seconds leave as well. Bound once: the page may be replaced by the one in another language. */
export function bindEscape(): void {
  let presses: number[] = [];
  window.addEventListener("keydown", ({ key, timeStamp }) => {
    if (key !== "Escape") return;
    presses = [...presses.filter((press) => timeStamp - press < WITHIN), timeStamp];
    if (presses.length >= PRESSES) leave(first<HTMLAnchorElement>("a.leave").href);
  });
}
