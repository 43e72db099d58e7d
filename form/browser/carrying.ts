/** What was typed, carried in memory from the page in one language to the same page in the other. */
import { all } from "./page.js";

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** The state of a form's controls: name and value of what is ticked, name and content of what is typed. */
export interface Typed {
  readonly ticked: ReadonlySet<string>;
  readonly written: ReadonlyMap<string, string>;
}

function isTick(control: Control): control is HTMLInputElement {
  return control instanceof HTMLInputElement && (control.type === "radio" || control.type === "checkbox");
}

function tick({ name, value }: Control): string {
  return `${name}\n${value}`;
}

function controls(form: ParentNode): readonly Control[] {
  return all<Control>("input, textarea, select", form).filter(({ name, type }) => name !== "" && type !== "file" && type !== "hidden");
}

/** Takes what stands in the form. */
export function taken(form: ParentNode): Typed {
  const every = controls(form);
  return {
    ticked: new Set(every.filter((control) => isTick(control) && control.checked).map(tick)),
    written: new Map(every.filter((control) => !isTick(control)).map(({ name, value }) => [name, value])),
  };
}

/** Puts it into another form of the same call. */
export function putBack(form: ParentNode, typed: Typed): void {
  for (const control of controls(form)) {
    if (isTick(control)) control.checked = typed.ticked.has(tick(control));
    else control.value = typed.written.get(control.name) ?? control.value;
  }
}
