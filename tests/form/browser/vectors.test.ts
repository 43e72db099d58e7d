import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { NOT_HERE, RUNNERS } from "./runners.js";
import { type VectorFile, alike, runVectors } from "./vectors.js";

const folder = join(process.env["SAKSEI_ROOT"] ?? "", "tests/vectors");
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as VectorFile);
const receipts = files.find(({ kind }) => kind === "receipt") as VectorFile;

for (const file of files) {
  test(`every vector of ${file.kind} gives its word`, async () => {
    const { wrong } = await runVectors(file);
    assert.deepEqual(wrong, []);
  });
}

test("every exception and every runner has vectors", () => {
  const ops = new Set(files.flatMap(({ kind, vectors }) => [kind, ...vectors.map(({ op }) => `${kind}.${op}`)]));
  const idle = [...Object.keys(NOT_HERE), ...Object.keys(RUNNERS)].filter((name) => !ops.has(name));
  assert.deepEqual(idle, []);
  assert.ok(Object.keys(NOT_HERE).every((name) => !(name in RUNNERS)));
});

test("twin: a kind or an op without a runner fails", async () => {
  const [vector] = receipts.vectors;
  const kinds = [{ ...receipts, kind: "letter" }, { ...receipts, vectors: [{ ...vector, op: "burn" }] }] as VectorFile[];
  for (const file of kinds) assert.equal((await runVectors(file)).wrong.length, file.vectors.length);
});

test("twin: a wrong word or a wrong output fails", async () => {
  const refused = receipts.vectors.find(({ word }) => word !== null);
  const derived = receipts.vectors.find(({ op }) => op === "derive") as VectorFile["vectors"][number];
  const spoiled = [
    { ...refused, word: "report" },
    { ...refused, word: null },
    { ...derived, word: "receipt" },
    { ...derived, output: { thread: { $hex: "00".repeat(16) } } },
    { ...derived, output: { threads: [] } },
  ];
  const { wrong } = await runVectors({ ...receipts, vectors: spoiled } as VectorFile);
  assert.equal(wrong.length, spoiled.length);
});

test("values are alike or not", () => {
  assert.ok(alike({ a: [1, null, Uint8Array.of(1)] }, { a: [1, null, Uint8Array.of(1)] }));
  const pairs = [[1, "1"], [null, {}], [[], {}], [[1], [1, 2]], [{ a: 1 }, { b: 1 }], [Uint8Array.of(1), [1]], [Uint8Array.of(1), Uint8Array.of(2)]];
  for (const [one, other] of pairs) assert.ok(!alike(one as never, other as never));
});
