/** The page's side of the worker: one question, one answer, at a time. */
import { type Word, Refusal } from "./errors.js";
import { type Answered, type Asked, type RehearseAsked, unforeseen } from "./messages.js";
import { workerStarter } from "./starting.js";

/** The script of the worker, built into this bundle (form/build.mjs). */
declare const WORKER_SCRIPT: string;

const begun = workerStarter();

type Answer<K extends Answered["kind"]> = Extract<Answered, { readonly kind: K }>;

/** A worker with its secrets; `end` takes both away. */
export class Sealer {
  private worker: Worker | null = null;
  private rehearsed = false;
  private before: Promise<unknown> = Promise.resolve();

  /**
   * Starts the worker before it is asked for anything, and has it rehearse sealing to these recipients. Once; a start that fails is not told
   * here: the worker is started anew when it is asked, and it is told then.
   */
  rehearse(recipients: readonly string[]): void {
    if (this.rehearsed) return;
    this.rehearsed = true;
    try {
      this.worker ??= this.started();
      this.worker.postMessage({ kind: "rehearse", recipients } satisfies RehearseAsked);
    } catch {
      this.end();
    }
  }

  private started(): Worker {
    const worker = begun(WORKER_SCRIPT);
    worker.onerror = (event) => {
      event.preventDefault();
      if (this.worker === worker) this.end();
    };
    return worker;
  }

  /** Asks, once what was asked before is answered. Rejects with a Refusal, also when no worker runs here. */
  ask<K extends Answered["kind"]>(asked: Asked, expected: K, progress: (part: number) => void = () => undefined): Promise<Answer<K>> {
    const answered = this.before.then(() => this.asking(asked, expected, progress));
    this.before = answered.catch(() => undefined);
    return answered;
  }

  private asking<K extends Answered["kind"]>(asked: Asked, expected: K, progress: (part: number) => void): Promise<Answer<K>> {
    return new Promise((resolve, reject) => {
      const refuse = (word: Word, member = -1): void => reject(new Refusal(word, member));
      try {
        this.worker ??= this.started();
        this.worker.onerror = (event) => {
          event.preventDefault();
          refuse(unforeseen(asked));
        };
        this.worker.onmessage = ({ data }: MessageEvent<Answered>) => {
          if (data.kind === "rehearsed") return;
          if (data.kind === "progress") progress(data.part);
          else if (data.kind === "refused") refuse(data.word, data.member);
          else if (data.kind === expected) resolve(data as Answer<K>);
          else refuse(unforeseen(asked));
        };
        this.worker.postMessage(asked);
      } catch {
        refuse(unforeseen(asked));
      }
    });
  }

  /** Ends the worker. */
  end(): void {
    this.worker?.terminate();
    this.worker = null;
    this.before = Promise.resolve();
  }
}
