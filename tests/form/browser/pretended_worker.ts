/** A browser's Worker as the page sees it, which answers what a test says; to be imported before what starts workers. */

export class PretendedWorker {
  static started: PretendedWorker[] = [];
  /** What the next ones do when they are made. */
  static refuses = false;

  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onerror: ((event: { preventDefault(): void }) => void) | null = null;
  readonly asked: { readonly kind: string }[] = [];
  ended = false;

  constructor() {
    if (PretendedWorker.refuses) throw new Error("no worker here");
    PretendedWorker.started.push(this);
  }

  addEventListener(): void {
    // starting.ts gives the address back at the first message: there is none here.
  }

  postMessage(asked: { readonly kind: string }): void {
    this.asked.push(asked);
  }

  terminate(): void {
    this.ended = true;
  }

  /** Answers the page; true when somebody listened. */
  answer(data: unknown): boolean {
    this.onmessage?.({ data });
    return this.onmessage !== null;
  }

  /** Breaks, as a script does that cannot run; true when the browser was kept from telling. */
  breaks(): boolean {
    let kept = false;
    this.onerror?.({ preventDefault: () => (kept = true) });
    return kept;
  }
}

Object.assign(globalThis, { window: globalThis, Worker: PretendedWorker, WORKER_SCRIPT: "" });
