import assert from "node:assert/strict";
import { test } from "node:test";
import { contentSize, pack, paddedSize } from "../../../form/browser/container.js";
import { refuses } from "./refuses.js";

const bytes = (size: number): Uint8Array => new Uint8Array(size).fill(7);

test("pads to the least power of two", () => {
  assert.equal(paddedSize(65536, 24), 65536);
  assert.equal(paddedSize(65537, 24), 131072);
});

test("attachments vanish into classes", () => {
  const sizes = [[], [1], [1, 2, 3], [40000]].map((files) => pack(bytes(100), files.map(bytes), 24).length);
  assert.deepEqual(new Set(sizes), new Set([65536]));
});

test("counts headers and the end", () => {
  assert.equal(contentSize(1, [0, 513]), 512 + 512 + 512 + 512 + 1024 + 1024);
});

test("refuses what fits in no class", () => {
  refuses("too-large", () => paddedSize(2 ** 24 + 1, 24));
  refuses("too-large", () => pack(bytes(2 ** 20 + 1), [], 24));
  refuses("too-large", () => pack(bytes(1), Array.from({ length: 100 }, () => bytes(0)), 24));
});
