import assert from "node:assert/strict";
import { test } from "node:test";
import { canonical, isWritable } from "../../../form/browser/canonical.js";
import { refuses } from "./refuses.js";

const text = (value: Parameters<typeof canonical>[0]): string => new TextDecoder().decode(canonical(value));

test("sorts keys by UTF-16 code units", () => {
  assert.equal(text({ "\ufb33": 1, "\u{1f600}": 2, a: 3, B: 4 }), '{"B":4,"a":3,"\u{1f600}":2,"\ufb33":1}');
});

test("writes what RFC 8785 writes", () => {
  assert.equal(text(['\u0007\n"\\/', -0, true, "ខ្ញុំ\u200b"]), '["\\u0007\\n\\"\\\\/",0,true,"ខ្ញុំ\u200b"]');
});

test("refuses text that cannot be read back", () => {
  for (const broken of ["\ud800", "a\udc00", "\u0000"]) {
    assert.equal(isWritable(broken), false);
    refuses("report", () => canonical({ broken }));
  }
  assert.equal(isWritable("\u{1f600}"), true);
});

test("refuses numbers that are no safe integers", () => {
  for (const number of [0.5, Number.NaN, 2 ** 53]) refuses("report", () => canonical(number));
});
