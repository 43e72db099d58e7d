/** When a question is shown: the same tree as questionnaire/conditions.py evaluates. */
import type { Value } from "./report.js";

export type Answers = Readonly<Record<string, Value>>;

export type Condition =
  | { readonly any: readonly Condition[] }
  | { readonly all: readonly Condition[] }
  | { readonly not: Condition }
  | { readonly is: Readonly<Record<string, string>> }
  | { readonly has: Readonly<Record<string, string>> };

/** Whether `condition` holds; an unanswered question makes `is` and `has` false. */
export function holds(condition: Condition, answers: Answers): boolean {
  if ("any" in condition) return condition.any.some((part) => holds(part, answers));
  if ("all" in condition) return condition.all.every((part) => holds(part, answers));
  if ("not" in condition) return !holds(condition.not, answers);
  if ("is" in condition) return Object.entries(condition.is).every(([question, code]) => answers[question] === code);
  return Object.entries(condition.has).every(([question, code]) => {
    const codes: unknown = answers[question];
    return Array.isArray(codes) && codes.includes(code);
  });
}
