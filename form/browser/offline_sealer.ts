/** The offline form's side of its sealing: a worker, or this very thread where no worker starts (some browsers give none to a file). */
import { Refusal } from "./errors.js";
import { ReceiptSealing, type SealAnswered, type SealAsked, type Sealed, type Sealing } from "./offline_sealing.js";
import { workerStarter } from "./starting.js";

const PATIENCE = 8000;

/** A worker that said that it began. */
class WorkerSealing implements Sealing {
  constructor(private readonly worker: Worker) {}

  seal(asked: SealAsked, progress: (part: number) => void): Promise<Sealed> {
    return new Promise((resolve, reject) => {
      this.worker.onerror = (event) => {
        event.preventDefault();
        reject(new Refusal("sealing"));
      };
      this.worker.onmessage = ({ data }: MessageEvent<SealAnswered>) => {
        if (data.kind === "progress") progress(data.part);
        else if (data.kind === "sealed") resolve(data);
        else reject(data.kind === "refused" ? new Refusal(data.word, data.member) : new Refusal("sealing"));
      };
      this.worker.postMessage(asked);
    });
  }
}

/** This thread: the page stands still while it seals, so it is given a moment to say so first. */
class PageSealing implements Sealing {
  private readonly sealing = new ReceiptSealing();

  async seal(asked: SealAsked, progress: (part: number) => void): Promise<Sealed> {
    await new Promise((painted) => setTimeout(painted, 50));
    return this.sealing.seal(asked, progress);
  }
}

/** Whatever can seal here. `script` is the text that the worker runs; it calls `serve`. */
export function sealingWith(script: string): Promise<Sealing> {
  return new Promise((resolve) => {
    const inPage = (): void => resolve(new PageSealing());
    const waited = setTimeout(inPage, PATIENCE);
    try {
      const worker = workerStarter()(script);
      worker.onmessage = ({ data }: MessageEvent<SealAnswered>) => {
        clearTimeout(waited);
        if (data.kind === "begun") resolve(new WorkerSealing(worker));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        clearTimeout(waited);
        inPage();
      };
    } catch {
      clearTimeout(waited);
      inPage();
    }
  });
}
