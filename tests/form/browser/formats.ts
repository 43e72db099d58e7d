/** Answers, as JSON on standard output, what the browser's modules make of what Python gave on standard input (test_formats.py). */
import { readFileSync } from "node:fs";
import { fromBase64, hex } from "../../../form/browser/bytes.js";
import { pack } from "../../../form/browser/container.js";
import { Refusal } from "../../../form/browser/errors.js";
import { leafHash, reportEntry, root, unframe, withdrawEntry } from "../../../form/browser/log.js";
import { openCheckpoint, openPromise } from "../../../form/browser/notes.js";
import { Derived } from "../../../form/browser/receipt.js";
import { reportBytes } from "../../../form/browser/report.js";
import { seal } from "../../../form/browser/sealing.js";

interface Asked {
  readonly kind: string;
}

const raw = (text: string): Uint8Array<ArrayBuffer> => fromBase64(text) ?? new Uint8Array();

const KINDS: Record<string, (asked: any) => unknown> = {
  container: ({ report, files, maxK }) => base64Long(pack(raw(report), files.map(raw), maxK)),
  receipt: ({ code, call, n }) => {
    const derived = new Derived(code, call);
    return [derived.withdraw(n), derived.handle(n), derived.thread, derived.replyKey].map(hex);
  },
  report: ({ call, testimony, files, code, n }) => {
    const attached = files.map(([name, type, content]: string[]) => ({ name, type, bytes: raw(content ?? "") }));
    return base64Long(reportBytes(call, testimony, attached, new Derived(code, call.call), n));
  },
  promise: ({ note, vkey, origin, leaf }) => openPromise(note, vkey, origin, raw(leaf)),
  checkpoint: ({ note, vkey, origin }) => {
    const read = openCheckpoint(note, vkey, origin);
    return [read.size, hex(read.root)];
  },
  entries: ({ digest, handle, withdraw }) => [hex(leafHash(reportEntry(digest, handle))), hex(leafHash(withdrawEntry(handle, withdraw)))],
  root: ({ framed }) => hex(root(unframe(raw(framed)).map(leafHash))),
  seal: async ({ container, recipients }) => base64Long(await seal(raw(container), recipients, 0)),
};

function base64Long(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

async function answered(asked: Asked): Promise<unknown> {
  try {
    return await KINDS[asked.kind]?.(asked);
  } catch (error) {
    return { refused: error instanceof Refusal ? error.word : String(error) };
  }
}

const questions = JSON.parse(readFileSync(0, "utf8")) as readonly Asked[];
process.stdout.write(JSON.stringify(await Promise.all(questions.map(answered))));
