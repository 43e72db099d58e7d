import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "@noble/hashes/sha2.js";
import { Decrypter, armor } from "age-encryption";
import { hex, utf8 } from "../../../form/browser/bytes.js";
import { Refusal } from "../../../form/browser/errors.js";
import { openAge } from "../../../form/browser/reading/envelope.js";
import { authenticated, parseHeader } from "../../../form/browser/reading/header.js";
import { AGE_VECTORS, type AgeVector, openers } from "./age_kinds.js";

const WORDS: Readonly<Record<string, string>> = {
  "success": "",
  "no match": "no-match",
  "HMAC failure": "mac",
  "header failure": "header",
  "payload failure": "payload",
};
const BINARY = AGE_VECTORS.filter(({ armored }) => !armored);
const ARMORED = AGE_VECTORS.filter(({ armored }) => armored);

/** What our reading module makes of a vector: empty and the payload's digest, or the word of its refusal. */
async function read(vector: AgeVector): Promise<readonly [string, string]> {
  try {
    return ["", hex(sha256(await openAge(vector.age, openers(vector))))];
  } catch (error) {
    return [error instanceof Refusal ? error.word : `thrown: ${String(error)}`, ""];
  }
}

/** What the library alone makes of it. */
async function opened({ armored, age, identities, passphrases }: AgeVector): Promise<string> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  for (const passphrase of passphrases) decrypter.addPassphrase(passphrase);
  try {
    return hex(sha256(await decrypter.decrypt(armored ? armor.decode(new TextDecoder("utf-8", { fatal: true }).decode(age)) : age)));
  } catch {
    return "refused";
  }
}

test("the vectors are all there", () => {
  assert.deepEqual([AGE_VECTORS.length, ARMORED.length], [143, 33]);
  assert.deepEqual(new Set(BINARY.map(({ expect }) => expect)), new Set(Object.keys(WORDS)));
});

for (const expect of Object.keys(WORDS)) {
  test(`age vectors of ${expect} give their word`, async () => {
    for (const vector of BINARY.filter((each) => each.expect === expect)) {
      assert.deepEqual([vector.name, ...(await read(vector))], [vector.name, WORDS[expect], expect === "success" ? vector.payload : ""]);
    }
  });
}

test("the library alone opens and refuses the same", async () => {
  for (const vector of AGE_VECTORS) {
    assert.deepEqual([vector.name, await opened(vector)], [vector.name, vector.expect === "success" ? vector.payload : "refused"]);
  }
});

test("armor is refused, since no sealed report has any", async () => {
  for (const vector of ARMORED) assert.deepEqual([vector.name, ...(await read(vector))], [vector.name, "header", ""]);
});

test("headers are written as they were read", () => {
  for (const { name, age } of BINARY.filter(({ expect }) => expect !== "header failure")) {
    const again = utf8(authenticated(parseHeader(age).stanzas));
    assert.deepEqual([name, age.slice(0, again.length)], [name, again]);
  }
});
