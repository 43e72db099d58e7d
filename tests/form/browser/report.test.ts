import assert from "node:assert/strict";
import { test } from "node:test";
import { fileName, fileType } from "../../../form/browser/report.js";

test("files lose their folders", () => {
  assert.equal(fileName("C:\\fakepath\\../secret/រូប.png"), "រូប.png");
  assert.equal(fileName("a\u0000b\nc"), "abc");
  assert.equal(fileName("half\ud83d.png"), "half\ufffd.png");
  assert.equal(fileName("/"), "file");
  assert.equal([...fileName("\u{1f600}".repeat(300))].length, 255);
});

test("types are types or unknown", () => {
  assert.equal(fileType("image/png"), "image/png");
  for (const type of ["", "image", "text/plain; charset=x", "Image/PNG", "a/b/c"]) assert.equal(fileType(type), "application/octet-stream");
});
