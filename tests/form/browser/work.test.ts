import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { solved } from "../../../form/browser/work.js";
import { refuses } from "./refuses.js";

const HANDLE = "8c6b966814e7c55de161624656ab231d3c3a3cf5e55809254d805ce0d83ff476";

test("finds the nonce of the specification", () => {
  assert.equal(solved("lantern-2031", 80000, HANDLE, 12), `80000 ${HANDLE} 00000000000000a1`);
});

test("shows as many zero bits as were asked for", () => {
  for (const bits of [0, 1, 7, 8, 9, 14]) {
    const [batch, handle, nonce] = solved("a", 1, HANDLE, bits).split(" ");
    const digest = createHash("sha256").update(`saksei/v1 work\na\n${batch}\n${handle}\n${nonce}`).digest();
    assert.equal(BigInt(`0x${digest.toString("hex")}`) >> BigInt(256 - bits), 0n);
  }
});

test("does not begin what would never end", () => {
  for (const [batch, bits] of [[1, 29], [1, -1], [1, 1.5], [Number.NaN, 4], [1, Number.NaN]] as const) {
    refuses("busy", () => solved("a", batch, HANDLE, bits));
  }
});
