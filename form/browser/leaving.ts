/** Leaving at once: what was typed is wiped, and the history's entry is replaced by a harmless page. Leaving by mistake: asked about first. */
import { all, first } from "./page.js";

const PRESSES = 3;
const WITHIN = 2000;

let unasked: () => boolean = () => true;

/** Says when the page may be left without a question. There are no entries to go back to, so a phone's Back key leaves the whole form. */
export function mayGo(free: () => boolean): void {
  unasked = free;
}

/** Nothing is left that could be lost. */
export function letGo(): void {
  unasked = () => true;
}

let ending: () => void = () => undefined;

/** Names what holds secrets of this page and is ended before anything else when somebody leaves: a page that loads slowly keeps none. */
export function endOnLeaving(end: () => void): void {
  ending = end;
}

function wipe(): void {
  ending();
  letGo();
  for (const form of all<HTMLFormElement>("form")) form.reset();
  for (const link of all<HTMLAnchorElement>('a[href^="blob:"]')) URL.revokeObjectURL(link.href);
  document.body.replaceChildren();
}

/**
 * Asks the server for the order to forget this site (threats.md, Clear-Site-Data), which browsers heed on secure addresses only. Nobody waits
 * for it: it is carried on while the harmless page already loads, and a server that is gone stops nobody from leaving.
 */
function forget(): void {
  if (!window.isSecureContext || !window.location.protocol.startsWith("http")) return;
  fetch("/leave", { keepalive: true, credentials: "same-origin", cache: "no-store" }).catch(() => undefined);
}

/** Leaves now. */
function leave(address: string): void {
  wipe();
  forget();
  window.location.replace(address);
}

/** Binds the buttons of this page that leave. */
export function bindLeaving(): void {
  for (const button of all<HTMLAnchorElement>("a.leave, a[data-leave]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      leave(button.href);
    });
  }
}

/** Three presses of Escape within two seconds leave as well. Bound once: the page may be replaced by the one in another language. */
export function bindEscape(): void {
  let presses: number[] = [];
  window.addEventListener("keydown", ({ key, timeStamp }) => {
    if (key !== "Escape") return;
    presses = [...presses.filter((press) => timeStamp - press < WITHIN), timeStamp];
    if (presses.length >= PRESSES) leave(first<HTMLAnchorElement>("a.leave").href);
  });
  window.addEventListener("beforeunload", (event) => {
    if (!unasked()) event.preventDefault();
  });
}
