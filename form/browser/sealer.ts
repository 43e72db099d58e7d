/** The page's side of the worker: one question, one answer, at a time. */
import { type Word, Refusal } from "./errors.js";
import { type Answered, type Asked, unforeseen } from "./messages.js";

/** The script of the worker, built into this bundle (form/build.mjs): a worker from an address of its own has no integrity. */
declare const WORKER_SCRIPT: string;

interface ScriptUrlPolicy {
  createScriptURL(url: string): string;
}

declare global {
  interface Window {
    readonly trustedTypes?: { createPolicy(name: string, rules: ScriptUrlPolicy): ScriptUrlPolicy };
  }
}

/** Made once: the headers allow this policy's name a single time. It lets through Blob addresses of this page and nothing else. */
const policy: ScriptUrlPolicy = ((rules: ScriptUrlPolicy) => window.trustedTypes?.createPolicy("saksei", rules) ?? rules)({
  createScriptURL(url) {
    if (!url.startsWith("blob:")) throw new TypeError("not our worker");
    return url;
  },
});

function begun(): Worker {
  const address = URL.createObjectURL(new Blob([WORKER_SCRIPT], { type: "text/javascript" }));
  const worker = new Worker(policy.createScriptURL(address));
  // The worker reads the address once; it is given back as soon as the first message shows that it did.
  worker.addEventListener("message", () => URL.revokeObjectURL(address), { once: true });
  return worker;
}

type Answer<K extends Answered["kind"]> = Extract<Answered, { readonly kind: K }>;

/** A worker with its secrets; `end` takes both away. */
export class Sealer {
  private worker: Worker | null = null;

  /** Asks, and waits for an answer of the `expected` kind. Rejects with a Refusal, also when no worker runs here. */
  ask<K extends Answered["kind"]>(asked: Asked, expected: K, progress: (part: number) => void = () => undefined): Promise<Answer<K>> {
    return new Promise((resolve, reject) => {
      const refuse = (word: Word): void => reject(new Refusal(word));
      try {
        this.worker ??= begun();
        this.worker.onerror = (event) => {
          event.preventDefault();
          refuse(unforeseen(asked));
        };
        this.worker.onmessage = ({ data }: MessageEvent<Answered>) => {
          if (data.kind === "progress") progress(data.part);
          else if (data.kind === "refused") refuse(data.word);
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
  }
}
