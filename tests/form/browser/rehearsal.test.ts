import assert from "node:assert/strict";
import { once, EventEmitter } from "node:events";
import { before, test } from "node:test";
import { generateHybridIdentity, identityToRecipient } from "age-encryption";
import { hex } from "../../../form/browser/bytes.js";
import type { Answered, Asked, RehearseAsked } from "../../../form/browser/messages.js";

const WORDS = "ពួកគេបានគំរាមខ្ញុំ WITNESS";

const drawn: string[] = [];
const answers = new EventEmitter();
let recipient = "";
/** Whether the device gives the same bytes every time. */
let repeats = false;
let asks: (asked: Asked | RehearseAsked) => void = () => undefined;

/** The worker itself, in this process: its scope is the global one, and its draws are looked at. */
before(async () => {
  recipient = await identityToRecipient(await generateHybridIdentity());
  const device = crypto.getRandomValues.bind(crypto);
  Object.assign(crypto, {
    getRandomValues(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
      if (repeats) bytes.fill(7);
      else device(bytes);
      drawn.push(hex(bytes));
      return bytes;
    },
  });
  const scope = globalThis as unknown as { onmessage: (event: { readonly data: unknown }) => void };
  Object.assign(globalThis, { postMessage: (answer: Answered) => answer.kind !== "progress" && answers.emit("answer", answer) });
  await import("../../../form/browser/worker.js");
  asks = (data) => scope.onmessage({ data });
});

async function answered(asked: Asked | RehearseAsked): Promise<Answered> {
  const answer = once(answers, "answer");
  asks(asked);
  return (await answer)[0] as Answered;
}

/** What was drawn while this was done, and its answer. */
async function draws(asked: Asked | RehearseAsked): Promise<{ readonly answer: Answered; readonly draws: readonly string[] }> {
  drawn.length = 0;
  return { answer: await answered(asked), draws: [...drawn] };
}

const common = (some: readonly string[], others: readonly string[]): readonly string[] => some.filter((one) => others.includes(one));

function sealing(): Asked {
  const consent = { level: "C1", audiences: [], contact: false };
  const call = { call: "invented", callSha256: "00".repeat(32), origin: "intake.example/invented", logVkey: "", recipients: [recipient], maxK: 20 };
  return { kind: "seal", call, testimony: { lang: "en", consent, answers: { what: WORDS } }, files: [], addition: false };
}

test("a rehearsal gives nothing out", async () => {
  assert.deepEqual(await answered({ kind: "rehearse", recipients: [recipient] }), { kind: "rehearsed" });
});

test("a report shares no secret with the rehearsal before it", async () => {
  const rehearsal = await draws({ kind: "rehearse", recipients: [recipient] });
  const report = await draws(sealing());
  assert.equal(report.answer.kind, "sealed");
  // A file key, what an encapsulation takes, a nonce; a report draws its receipt besides.
  assert.ok(rehearsal.draws.length >= 3, String(rehearsal.draws.length));
  assert.ok(report.draws.length > rehearsal.draws.length);
  assert.deepEqual(common(rehearsal.draws, report.draws), []);
});

test("twin: a device that repeats itself is noticed", async () => {
  repeats = true;
  const rehearsal = await draws({ kind: "rehearse", recipients: [recipient] });
  const report = await draws(sealing());
  repeats = false;
  assert.notDeepEqual(common(rehearsal.draws, report.draws), []);
});

test("a rehearsal that fails says nothing, and the report tells", async () => {
  assert.deepEqual(await answered({ kind: "rehearse", recipients: ["age1pq1wrong"] }), { kind: "rehearsed" });
  const right = recipient;
  recipient = "age1pq1wrong";
  assert.deepEqual(await answered(sealing()), { kind: "refused", word: "sealing", member: -1 });
  recipient = right;
});

test("a report asked for in the middle of a rehearsal is sealed", async () => {
  const kinds: string[] = [];
  const both = new Promise<void>((resolve) => {
    answers.on("answer", ({ kind }: Answered) => {
      if (kinds.push(kind) === 2) resolve();
    });
  });
  asks({ kind: "rehearse", recipients: [recipient] });
  asks(sealing());
  await both;
  answers.removeAllListeners("answer");
  assert.deepEqual(kinds.sort(), ["rehearsed", "sealed"]);
});
