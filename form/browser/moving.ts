/** What is seen of a report on its way: its steps, how far the one that runs is, and why it does not get on. */
import { element, first, part, sentence } from "./page.js";

export type Step = "seal" | "work" | "send" | "prove";
const STEPS: readonly Step[] = ["seal", "work", "send", "prove"];

/** Shows the step that runs and how far it is (0 while that is not known). Work is a step only where it was asked for. */
export function showStep(step: Step, done = 0): void {
  const at = STEPS.indexOf(step);
  STEPS.forEach((name, index) => {
    const row = first(`[data-step="${name}"]`);
    if (name === step) row.hidden = false;
    row.dataset["state"] = index < at ? "done" : index === at ? "now" : "later";
    if (index === at) row.setAttribute("aria-current", "step");
    else row.removeAttribute("aria-current");
    first("[data-state-word]", row).textContent = sentence(`step.${row.dataset["state"]}`);
  });
  const bar = first<HTMLProgressElement>("#sending progress");
  if (done > 0) bar.value = done;
  else bar.removeAttribute("value");
}

/** Shows that it moves. */
export function showMoving(): void {
  part("moving").hidden = false;
  part("stuck").hidden = true;
  part("keeping").hidden = true;
  part("sending-title").textContent = sentence("sending.title");
}

/** Shows that it does not, why, and what can be done with the sealed bytes. */
export function showStuck(why: string): void {
  part("moving").hidden = true;
  part("stuck").hidden = false;
  part("keeping").hidden = false;
  part("sending-title").textContent = sentence("stuck.title");
  part("why").textContent = why;
  part("stuck").focus();
}

/** Hands bytes out as a file: the only way anything is ever written on the device, and only when it is asked for. */
export function handOut(bytes: Blob, name: string): void {
  const address = URL.createObjectURL(bytes);
  element("a", "", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
