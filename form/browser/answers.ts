/** What somebody filled in, read from the page and held against the rules of questionnaire/answers.py, with the same problem codes. */
import { isWritable } from "./canonical.js";
import { type Condition, holds } from "./conditions.js";
import { all, asciiDigits } from "./page.js";
import type { Consent, Value } from "./report.js";

/** One thing the person can mend: a question id, `consent`, `audience`, the key of the sentence to show, and what it names. */
export interface Problem {
  readonly question: string;
  readonly code: string;
  readonly places?: Readonly<Record<string, string>>;
}

/** A value that breaks a rule. */
class Broken extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const INVISIBLE = /[\u200b\u200c\u200d\u2060\ufeff]/g;

/** The digits of what was typed, Khmer ones as ASCII, without white space around them and without invisible marks. */
export function typedDigits(typed: string): string {
  return asciiDigits(typed).replace(INVISIBLE, "").trim();
}

function isBlank(typed: string): boolean {
  return typed.replace(INVISIBLE, "").trim() === "";
}

function controls(field: HTMLElement): readonly Control[] {
  return all<Control>("input, textarea, select", field);
}

function values(field: HTMLElement): readonly string[] {
  return controls(field)
    .filter((control) => !(control instanceof HTMLInputElement && /^(radio|checkbox)$/.test(control.type)) || (control as HTMLInputElement).checked)
    .map((control) => control.value)
    .filter((value) => !isBlank(value));
}

/** A text as typed. Breaks on `bad-text` and on more than `most` bytes of UTF-8 (`too-long`). */
export function readText(typed: string, most: number): string {
  if (!isWritable(typed)) throw new Broken("bad-text");
  if (new TextEncoder().encode(typed).length > most) throw new Broken("too-long");
  return typed;
}

/** An integer in either kind of digits. */
export function readInteger(typed: string): number {
  const digits = typedDigits(typed);
  const number = Number(digits);
  if (!/^-?[0-9]{1,16}$/.test(digits) || !Number.isSafeInteger(number)) throw new Broken("not-a-number");
  return number === 0 ? 0 : number;
}

/** A date of the given parts (year, month, day; empty ones at the end left out), or null when nothing was typed. */
export function readDate(parts: readonly string[]): string | null {
  const [year = "", ...given] = parts.map(typedDigits);
  while (given.length > 0 && given[given.length - 1] === "") given.pop();
  if (year === "" && given.length === 0) return null;
  if (!/^[0-9]{4}$/.test(year)) throw new Broken("year-four-digits");
  if (!given.every((part) => /^[0-9]{1,2}$/.test(part))) throw new Broken("not-a-date");
  const [month = 1, day = 1] = given.map(Number);
  const calendar = new Date(Date.UTC(2000, 0, 1));
  calendar.setUTCFullYear(Number(year), month - 1, day);
  const stands = calendar.getUTCMonth() === month - 1 && calendar.getUTCDate() === day && Number(year) >= 1;
  if (!stands) throw new Broken("not-a-date");
  return [year, ...given.map((part) => part.padStart(2, "0"))].join("-");
}

/** Codes by their rank, most important first, or null when nothing was ranked. */
export function readRanking(ranked: readonly { readonly code: string; readonly typed: string }[]): readonly string[] | null {
  const ranks = new Map<number, string>();
  for (const { code, typed } of ranked) {
    if (isBlank(typed)) continue;
    const rank = readInteger(typed);
    if (rank < 1 || rank > ranked.length) throw new Broken("not-a-number");
    if (ranks.has(rank)) throw new Broken("rank-repeated");
    ranks.set(rank, code);
  }
  const codes = [...ranks].sort(([left], [right]) => left - right).map(([, code]) => code);
  return codes.length > 0 ? codes : null;
}

/** The value of one question, or null when it is unanswered; files are none of it. */
function read(field: HTMLElement): Value | null {
  const { type = "", question = "", maxBytes = "" } = field.dataset;
  if (type === "date") {
    const part = (name: string): string => controls(field).find((control) => control.name === `q-${question}-${name}`)?.value ?? "";
    return readDate([part("year"), part("month"), part("day")]);
  }
  if (type === "ranking") {
    const prefix = `q-${question}-`;
    return readRanking(controls(field).map(({ name, value }) => ({ code: name.slice(prefix.length), typed: value })));
  }
  const given = values(field);
  const [one] = given;
  if (one === undefined) return null;
  if (type === "choices") return given;
  if (type === "number") return readInteger(one);
  return type === "text" || type === "contact" ? readText(one, Number(maxBytes)) : one;
}

/** Everything that was filled in. */
export interface Filled {
  readonly consent: Consent;
  readonly answers: Record<string, Value>;
  readonly problems: Problem[];
}

/** Shows and hides questions by their conditions, in the order of the page; a hidden question is not answered. */
export function applyConditions(form: HTMLElement): void {
  const answers: Record<string, Value> = {};
  for (const field of all("[data-question]", form)) {
    const { question = "", showIf } = field.dataset;
    field.hidden = showIf !== undefined && !holds(JSON.parse(showIf) as Condition, answers);
    if (field.hidden || !/^(choice|choices|country|place)$/.test(field.dataset["type"] ?? "")) continue;
    const value = read(field);
    if (value !== null) answers[question] = value;
  }
}

function readConsent(form: HTMLElement): Consent {
  const chosen = (name: string): string[] => all<HTMLInputElement>(`input[name="${name}"]:checked`, form).map(({ value }) => value);
  return { level: chosen("consent")[0] ?? "", audiences: chosen("audience"), contact: chosen("contact").length > 0 };
}

/** Reads the whole form but its files. */
export function readForm(form: HTMLElement): Filled {
  const answers: Record<string, Value> = {};
  const problems: Problem[] = [];
  const answered = new Set<string>();
  for (const field of all("[data-question]", form)) {
    if (field.hidden || field.dataset["type"] === "files") continue;
    const { question = "", type = "" } = field.dataset;
    try {
      const value = read(field);
      if (value === null) continue;
      answers[question] = value;
      answered.add(type);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      problems.push({ question, code: error.code });
      answered.add(type);
    }
  }
  const consent = readConsent(form);
  if (consent.level === "") problems.push({ question: "consent", code: "required" });
  if (consent.contact && !answered.has("contact")) {
    const contact = all('[data-type="contact"]', form)[0]?.dataset["question"];
    problems.push({ question: contact ?? "consent", code: "contact-needed" });
  }
  return { consent, answers, problems };
}
