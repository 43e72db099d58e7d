import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { PretendedWorker } from "./pretended_worker.js";
import { Refusal } from "../../../form/browser/errors.js";
import type { Asked } from "../../../form/browser/messages.js";
import { Sealer } from "../../../form/browser/sealer.js";

const RECIPIENTS = ["age1pq1invented"];
const AGAIN: Asked = { kind: "again" };
const SEALED = { kind: "sealed", body: new Blob() };

function only(): PretendedWorker {
  const [worker, ...others] = PretendedWorker.started;
  assert.deepEqual(others, []);
  assert.ok(worker);
  return worker;
}

const kinds = ({ asked }: PretendedWorker): readonly string[] => asked.map(({ kind }) => kind);

/** Asks, and returns when the question is with the worker. */
async function asking(sealer: Sealer): Promise<{ readonly sealed: Promise<unknown> }> {
  const sealed = sealer.ask(AGAIN, "sealed");
  sealed.catch(() => undefined);
  await new Promise(setImmediate);
  return { sealed };
}

async function isTold(sealed: Promise<unknown>): Promise<void> {
  await assert.rejects(sealed, (error: unknown) => error instanceof Refusal && error.word === "sealing");
}

beforeEach(() => {
  PretendedWorker.started = [];
  PretendedWorker.refuses = false;
});

test("the worker starts before it is asked, and once", async () => {
  const sealer = new Sealer();
  assert.deepEqual(PretendedWorker.started, []);
  sealer.rehearse(RECIPIENTS);
  sealer.rehearse(RECIPIENTS);
  assert.deepEqual(only().asked, [{ kind: "rehearse", recipients: RECIPIENTS }]);
  const { sealed } = await asking(sealer);
  only().answer(SEALED);
  assert.equal(await sealed, SEALED);
  assert.deepEqual(kinds(only()), ["rehearse", "again"]);
});

test("who never rehearsed is sealed for all the same", async () => {
  const { sealed } = await asking(new Sealer());
  only().answer(SEALED);
  assert.equal(await sealed, SEALED);
});

test("a rehearsal that ends late is no answer", async () => {
  const sealer = new Sealer();
  sealer.rehearse(RECIPIENTS);
  const { sealed } = await asking(sealer);
  assert.ok(only().answer({ kind: "rehearsed" }));
  only().answer(SEALED);
  assert.equal(await sealed, SEALED);
});

test("twin: another answer than was asked for is told", async () => {
  const sealer = new Sealer();
  sealer.rehearse(RECIPIENTS);
  const { sealed } = await asking(sealer);
  only().answer({ kind: "withdrawn" });
  await isTold(sealed);
});

test("a start that throws is told only when sealing needs it", async () => {
  PretendedWorker.refuses = true;
  const sealer = new Sealer();
  sealer.rehearse(RECIPIENTS);
  await isTold((await asking(sealer)).sealed);
  PretendedWorker.refuses = false;
  const { sealed } = await asking(sealer);
  only().answer(SEALED);
  assert.equal(await sealed, SEALED);
});

test("a start that fails later is told only when sealing needs it", async () => {
  const sealer = new Sealer();
  sealer.rehearse(RECIPIENTS);
  const broken = only();
  assert.ok(broken.breaks());
  assert.ok(broken.ended);
  const { sealed } = await asking(sealer);
  const [, second, ...others] = PretendedWorker.started;
  assert.ok(second);
  assert.deepEqual(others, []);
  assert.deepEqual([kinds(broken), kinds(second)], [["rehearse"], ["again"]]);
  assert.ok(second.breaks());
  await isTold(sealed);
});

test("what is ended stays ended", () => {
  const sealer = new Sealer();
  sealer.rehearse(RECIPIENTS);
  assert.equal(only().ended, false);
  sealer.end();
  sealer.rehearse(RECIPIENTS);
  assert.ok(only().ended);
});
