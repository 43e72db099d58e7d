import assert from "node:assert/strict";
import { Refusal } from "../../../form/browser/errors.js";

/** Asserts that `action` is refused with this word. */
export function refuses(word: string, action: () => unknown): void {
  assert.throws(action, (error: unknown) => error instanceof Refusal && error.word === word);
}
