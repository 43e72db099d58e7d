/** The worker: everything that touches words, files, receipts or keys happens here, off the page's thread. */
import { type Word, Refusal } from "./errors.js";
import { Holder } from "./holder.js";
import { type Answered, type Asked, type RehearseAsked, type SealAsked, unforeseen } from "./messages.js";
import { rehearse } from "./sealing.js";
import { Submission } from "./submission.js";

/** As much of a dedicated worker's own scope as is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<Asked | RehearseAsked>) => void) | null;
  postMessage(answered: Answered, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
let submission: Submission | null = null;
let holder: Holder | null = null;

async function sealed(made: Submission): Promise<void> {
  const body = await made.sealed((part) => scope.postMessage({ kind: "progress", part }));
  // A Blob of this thread: the page's own would copy it there, and megabytes are a while on a slow phone.
  scope.postMessage({ kind: "sealed", body: new Blob([body], { type: "application/octet-stream" }) });
}

function current<T>(value: T | null): T {
  if (value === null) throw new Error("nothing was begun");
  return value;
}

function begun(asked: SealAsked): Submission {
  const { call, testimony, files } = asked;
  if (!asked.addition) return new Submission(call, testimony, files);
  if (submission !== null) return submission.followed(testimony, files);
  return current(holder).addition(call, testimony, files);
}

async function answer(asked: Asked): Promise<void> {
  const progress = (part: number): void => scope.postMessage({ kind: "progress", part });
  switch (asked.kind) {
    case "seal":
      submission = begun(asked);
      return sealed(submission);
    case "again":
      current(submission).next();
      return sealed(current(submission));
    case "saved":
      return scope.postMessage({ kind: "saved", receipt: current(submission).unpromised });
    case "work":
      return scope.postMessage({ kind: "worked", header: current(submission).worked(asked.work, progress) });
    case "verify":
      scope.postMessage({ kind: "kept", ...current(submission).kept(asked.promise) });
      submission = null;
      return;
    case "look":
      holder = new Holder(asked.call, asked.receipt);
      return scope.postMessage({ kind: "found", ...holder.look(asked) });
    case "replies":
      return scope.postMessage({ kind: "reply", text: current(holder).reply(asked.n, new Uint8Array(asked.records)) });
    case "withdraw": {
      const body = current(holder).withdrawal(asked.n);
      return scope.postMessage({ kind: "withdrawal", body: body.buffer }, [body.buffer]);
    }
    case "withdrawn":
      current(holder).withdrawn(asked.n, asked.promise);
      return scope.postMessage({ kind: "withdrawn" });
  }
}

/** A rehearsal that fails says nothing: what is sealed in earnest fails again, and tells. */
function rehearsed({ recipients }: RehearseAsked): void {
  const over = (): void => scope.postMessage({ kind: "rehearsed" });
  rehearse(recipients).then(over, over);
}

scope.onmessage = ({ data }) => {
  if (data.kind === "rehearse") return rehearsed(data);
  answer(data).catch((error: unknown) => {
    const [word, member]: [Word, number] = error instanceof Refusal ? [error.word, error.member] : [unforeseen(data), -1];
    scope.postMessage({ kind: "refused", word, member });
  });
};
