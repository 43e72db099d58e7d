/**
 * The offline form's sealing, in its worker or, where none can start, in the page itself.
 *
 * No promise can come, so the receipt is given out with the sealed bytes, and the page says that nothing was sent.
 */
import type { Bytes } from "./bytes.js";
import { type Word, Refusal } from "./errors.js";
import type { Filled } from "./filling.js";
import type { Call } from "./report.js";
import { Submission } from "./submission.js";

/** `handedOut`: what was sealed before may be on its way, so that this becomes the receipt's next report and not another first one. */
export interface SealAsked extends Filled {
  readonly call: Call;
  readonly handedOut: boolean;
}

/** handle || envelope, and the receipt it belongs to in groups of four digits. */
export interface Sealed {
  readonly body: Bytes;
  readonly receipt: readonly string[];
}

export type SealAnswered =
  | { readonly kind: "begun" }
  | { readonly kind: "progress"; readonly part: number }
  | ({ readonly kind: "sealed" } & Sealed)
  | { readonly kind: "refused"; readonly word: Word; readonly member: number };

/** Whatever seals. Rejects with a Refusal. */
export interface Sealing {
  seal(asked: SealAsked, progress: (part: number) => void): Promise<Sealed>;
}

/** One person's reports: however often they go back to their words, all are sealed under one receipt. */
export class ReceiptSealing implements Sealing {
  private submission: Submission | null = null;

  async seal({ call, testimony, files, handedOut }: SealAsked, progress: (part: number) => void): Promise<Sealed> {
    try {
      const written = { ...testimony, form: "offline" } as const;
      const before = this.submission;
      if (before === null) this.submission = new Submission(call, written, files);
      else this.submission = handedOut ? before.followed(written, files) : before.instead(written, files);
      return { body: await this.submission.sealed(progress), receipt: this.submission.unpromised };
    } catch (error) {
      throw error instanceof Refusal ? error : new Refusal("sealing");
    }
  }
}

/** As much of a dedicated worker's own scope as is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<SealAsked>) => void) | null;
  postMessage(answered: SealAnswered, transfer?: Transferable[]): void;
}

/** Makes this thread the worker. */
export function serve(): void {
  const scope = globalThis as unknown as Scope;
  const sealing = new ReceiptSealing();
  scope.onmessage = ({ data }) => {
    sealing.seal(data, (part) => scope.postMessage({ kind: "progress", part })).then(
      (sealed) => scope.postMessage({ kind: "sealed", ...sealed }, [sealed.body.buffer]),
      ({ word, member }: Refusal) => scope.postMessage({ kind: "refused", word, member }),
    );
  };
  scope.postMessage({ kind: "begun" });
}
