import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hex } from "../../../form/browser/bytes.js";
import { openReply, replyPrefix } from "../../../form/browser/replies.js";
import { refuses } from "./refuses.js";

const HANDLE = "8c6b966814e7c55de161624656ab231d3c3a3cf5e55809254d805ce0d83ff476";
const KEY = Uint8Array.from(Buffer.from("0ad18945b608cada2ce2adc24fc9142087ffb203f8142967ce66b5b8685357cb", "hex"));
const CALL = "lantern-2031";

function record(words: Uint8Array, said = words.length, handle = HANDLE): Uint8Array {
  const plain = new Uint8Array(4036);
  plain.set([said >> 8, said & 0xff]);
  plain.set(words, 2);
  const nonce = new Uint8Array(12);
  const about = new TextEncoder().encode(`saksei/v1 reply\n${CALL}\n${handle}\n`);
  return new Uint8Array([...Buffer.from(handle, "hex"), ...nonce, ...chacha20poly1305(KEY, nonce, about).encrypt(plain)]);
}

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const open = (round: Uint8Array, live = 1, prefix = "all"): string | null => openReply(round, prefix, live, CALL, HANDLE, KEY);

test("opens the reply of the specification", () => {
  const made = record(text("ok"));
  assert.equal(hex(made.subarray(32, 64)), "0000000000000000000000009a60b5f7d2e5edd05b3edeebce441c173ee4579d");
  assert.equal(createHash("sha256").update(made).digest("hex"), "204c8e9e380e235257b148cffad3afd5ecd83c0252facfd66b915af7f6875ab0");
  assert.equal(open(made), "ok");
});

test("a record that does not open is no reply", () => {
  const made = record(text("ok"));
  made[100] = (made[100] ?? 0) ^ 1;
  assert.equal(open(made), null);
  assert.equal(open(record(text("ok"), 2, "00".repeat(32))), null);
});

test("asks for a prefix that many share", () => {
  assert.deepEqual([0, 8191, 8192, 131071, 131072].map((live) => replyPrefix(HANDLE, live)), ["all", "all", "8", "8", "8c"]);
});

test("refuses a round too small to hide in", () => {
  refuses("size", () => open(record(text("ok")), 2));
  refuses("size", () => open(record(text("ok")).subarray(1)));
  refuses("size", () => open(new Uint8Array(), 1));
  const many = new Uint8Array(4096 * 255);
  refuses("size", () => open(many, 100_000));
});

test("refuses records out of place", () => {
  const made = record(text("ok"));
  const both = new Uint8Array([...made, ...made]);
  refuses("handle-mismatch", () => open(both));
  refuses("handle-mismatch", () => open(made, 1, "9"));
});

test("refuses what opens and is no reply", () => {
  refuses("padding", () => open(record(text("ok"), 4035)));
  refuses("padding", () => open(record(text("ok"), 1)));
  refuses("payload", () => open(record(Uint8Array.of(0xff))));
});
