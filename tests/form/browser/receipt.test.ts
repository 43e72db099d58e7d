import assert from "node:assert/strict";
import { test } from "node:test";
import { Derived, groups, newReceipt, parseReceipt } from "../../../form/browser/receipt.js";
import { refuses } from "./refuses.js";

test("a receipt adds up", () => {
  for (let time = 0; time < 200; time += 1) {
    const code = newReceipt();
    assert.equal(BigInt(code) % 97n, 1n);
    assert.equal(parseReceipt(code), code);
  }
});

test("draws again above the limit", () => {
  const draws = [0xff, 0x00];
  const code = newReceipt((bytes) => bytes.fill(draws.shift() ?? 0));
  assert.equal(code.slice(0, 30), "0".repeat(30));
  assert.deepEqual(draws, []);
});

test("takes either kind of digits", () => {
  const code = newReceipt();
  const khmer = code.replace(/[0-9]/g, (digit) => String.fromCharCode(0x17e0 + Number(digit)));
  assert.equal(parseReceipt(`\u200b${groups(khmer).join(" - ")}.`), code);
  assert.equal(parseReceipt(code.replace(/[0-9]/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))), code);
});

test("refuses one wrong digit", () => {
  const code = newReceipt();
  for (let at = 0; at < code.length; at += 1) {
    const wrong = code.slice(0, at) + String((Number(code[at]) + 1) % 10) + code.slice(at + 1);
    refuses("receipt", () => parseReceipt(wrong));
  }
  refuses("receipt", () => parseReceipt(code.slice(1)));
});

test("every n has its own handle", () => {
  const derived = new Derived(newReceipt(), "invented");
  const handles = new Set(Array.from({ length: 100 }, (_, n) => derived.handle(n).join()));
  assert.equal(handles.size, 100);
});

test("drops white space as Unicode has it", () => {
  const code = newReceipt();
  const spaces = "\t\n\u000b\f\r \u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000";
  assert.equal(parseReceipt(groups(code).join(spaces)), code);
  for (const other of ["\ufeff", "\u2060", "\u180e", "\u001c"]) refuses("receipt", () => parseReceipt(groups(code).join(other)));
});
