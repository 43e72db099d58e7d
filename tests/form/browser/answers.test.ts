import assert from "node:assert/strict";
import { test } from "node:test";
import { readDate, readInteger, readRanking, readText, typedDigits } from "../../../form/browser/answers.js";
import { type Condition, holds } from "../../../form/browser/conditions.js";
import { spokenHour } from "../../../form/browser/deadline.js";

const breaks = (code: string, action: () => unknown): void => {
  assert.throws(action, (error: unknown) => (error as { code?: string }).code === code);
};

test("a date may be coarse", () => {
  assert.equal(readDate(["២០២៤", "", ""]), "2024");
  assert.equal(readDate(["2024", "២", ""]), "2024-02");
  assert.equal(readDate(["2024", "2", "29"]), "2024-02-29");
  assert.equal(readDate(["", " ", "\u200b"]), null);
});

test("a date that does not exist is named", () => {
  breaks("year-four-digits", () => readDate(["24", "", ""]));
  breaks("year-four-digits", () => readDate(["", "5", ""]));
  for (const parts of [["2023", "2", "29"], ["2024", "13", ""], ["2024", "", "3"], ["0000", "", ""], ["2024", "x", ""]]) {
    breaks("not-a-date", () => readDate(parts));
  }
});

test("numbers in either digits", () => {
  assert.equal(readInteger(" ១២ "), 12);
  assert.equal(readInteger("-3"), -3);
  for (const typed of ["three", "1.5", "9007199254740993", ""]) breaks("not-a-number", () => readInteger(typed));
  assert.equal(typedDigits("\u200b៥\ufeff"), "5");
});

test("ranks give an order", () => {
  const ranked = (...typed: string[]) => typed.map((rank, index) => ({ code: "abc"[index] ?? "", typed: rank }));
  assert.deepEqual(readRanking(ranked("២", "", "1")), ["c", "a"]);
  assert.equal(readRanking(ranked("", " ", "")), null);
  breaks("rank-repeated", () => readRanking(ranked("1", "1", "")));
  breaks("not-a-number", () => readRanking(ranked("4", "", "")));
});

test("texts are kept as typed", () => {
  assert.equal(readText("កា\u200bរ", 12), "កា\u200bរ");
  breaks("too-long", () => readText("កា\u200bរ", 11));
  breaks("bad-text", () => readText("\ud800", 100));
});

test("conditions of every kind", () => {
  const answers = { one: "a", many: ["x", "y"] };
  const cases: readonly (readonly [Condition, boolean])[] = [
    [{ is: { one: "a" } }, true],
    [{ is: { none: "a" } }, false],
    [{ has: { many: "y" } }, true],
    [{ has: { one: "a" } }, false],
    [{ not: { has: { many: "z" } } }, true],
    [{ all: [{ is: { one: "a" } }, { has: { many: "z" } }] }, false],
    [{ any: [{ is: { one: "a" } }, { has: { many: "z" } }] }, true],
  ];
  for (const [condition, expected] of cases) assert.equal(holds(condition, answers), expected);
});

test("hours as people say them", () => {
  assert.deepEqual([0, 11, 12, 13, 18, 23].map((hour) => Object.values(spokenHour(hour)).join(" ")), [
    "12 midnight",
    "11 noon",
    "12 noon",
    "1 afternoon",
    "6 evening",
    "11 night",
  ]);
});
