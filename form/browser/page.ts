/** The page's own parts: texts that stand in it for the script, and the elements the script needs. */

/** The element with this id. Throws when the page is not the one this script was built with. */
export function part<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`no part ${id}`);
  return found as T;
}

/** The first element that fits, inside `within`. */
export function first<T extends HTMLElement = HTMLElement>(selector: string, within: ParentNode = document): T {
  const found = within.querySelector<T>(selector);
  if (found === null) throw new Error(`no part ${selector}`);
  return found;
}

/** Every element that fits, in the order of the page. */
export function all<T extends HTMLElement = HTMLElement>(selector: string, within: ParentNode = document): readonly T[] {
  return [...within.querySelectorAll<T>(selector)];
}

/** The sentence the page holds under this key, with `{name}` places filled; `other` is said when the page has none. */
export function sentence(key: string, places: Readonly<Record<string, string>> = {}, other = "refusal.other"): string {
  const { content } = part<HTMLTemplateElement>("texts");
  const stored = content.querySelector(`[data-text="${key}"]`) ?? content.querySelector(`[data-text="${other}"]`);
  return (stored?.textContent ?? "").replace(/\{(\w+)\}/g, (_, name: string) => places[name] ?? "");
}

/** A new element with this text; never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  text = "",
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

const KHMER_ZERO = 0x17e0;

/** ASCII digits for Khmer ones; everything else stays. */
export function asciiDigits(typed: string): string {
  return typed.replace(/[\u17e0-\u17e9]/g, (digit) => String(digit.charCodeAt(0) - KHMER_ZERO));
}

/** Khmer digits for ASCII ones; everything else stays. */
export function khmerDigits(digits: string): string {
  return digits.replace(/[0-9]/g, (digit) => String.fromCharCode(KHMER_ZERO + Number(digit)));
}

/** A number in the digits of the page's language. */
export function shown(number: number | string): string {
  return document.documentElement.lang.startsWith("km") ? khmerDigits(String(number)) : String(number);
}

/** Shows one of the page's views and nothing else, and puts the reader at its beginning. */
export function view(name: "form" | "sending" | "arrived" | "saved"): void {
  for (const section of all("[data-view]")) section.hidden = section.dataset["view"] !== name;
  first(".top nav").hidden = name !== "form"; // a change of language would lose what is on its way, or the receipt
  const heading = document.querySelector<HTMLElement>(`[data-view="${name}"] h1`);
  window.scrollTo(0, 0);
  heading?.focus();
}
