/** The worker: everything that touches words, files, receipts or keys happens here, off the page's thread. */
import { type Word, Refusal } from "./errors.js";
import { Holder } from "./holder.js";
import { type Answered, type Asked, type SealAsked, unforeseen } from "./messages.js";
import { Submission } from "./submission.js";

/** As much of a dedicated worker's own scope as is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<Asked>) => void) | null;
  postMessage(answered: Answered, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
let submission: Submission | null = null;
let holder: Holder | null = null;

async function sealed(made: Submission): Promise<void> {
  const body = await made.sealed((part) => scope.postMessage({ kind: "progress", part }));
  scope.postMessage({ kind: "sealed", body: body.buffer }, [body.buffer]);
}

function current<T>(value: T | null): T {
  if (value === null) throw new Error("nothing was begun");
  return value;
}

function begun({ call, testimony, files }: SealAsked, before: Submission | null): Submission {
  return before === null ? new Submission(call, testimony, files) : before.followed(testimony, files);
}

async function answer(asked: Asked): Promise<void> {
  switch (asked.kind) {
    case "seal":
      submission = begun(asked, asked.addition ? submission : null);
      return sealed(submission);
    case "again":
      current(submission).next();
      return sealed(current(submission));
    case "verify":
      scope.postMessage({ kind: "kept", ...current(submission).kept(asked.promise) });
      submission = null;
      return;
    case "look":
      holder = new Holder(asked.call, asked.receipt);
      return scope.postMessage({ kind: "found", reports: holder.look(new Uint8Array(asked.entries), asked.checkpoint) });
    case "withdraw": {
      const body = current(holder).withdrawal(asked.n);
      return scope.postMessage({ kind: "withdrawal", body: body.buffer }, [body.buffer]);
    }
    case "withdrawn":
      current(holder).withdrawn(asked.n, asked.promise);
      return scope.postMessage({ kind: "found", reports: [{ n: asked.n, standing: "withdrawn" }] });
  }
}

scope.onmessage = ({ data }) => {
  answer(data).catch((error: unknown) => {
    const word: Word = error instanceof Refusal ? error.word : unforeseen(data);
    scope.postMessage({ kind: "refused", word });
  });
};
