/** Requests: only sealed bytes, withdrawals and public addresses go through here. */

/** Without a byte sent or received for so long a connection is given up: the same bytes are safe to send again. */
const PATIENCE = 90_000;

/** Work that the server asks for before it takes a report. */
export interface WorkAsked {
  readonly bits: number;
  readonly batch: number;
}

/** What came back. `word` is the server's own word for a refusal, `network` when nothing came back, empty when it was accepted. */
export interface Reply {
  readonly word: string;
  readonly text: string;
  readonly work: WorkAsked | null;
}

const NOTHING: Reply = { word: "network", text: "", work: null };

function replyOf(request: XMLHttpRequest): Reply {
  const text = request.responseText;
  if (request.status >= 200 && request.status < 300) return { word: "", text, work: null };
  try {
    const { code, bits, batch } = JSON.parse(text) as { readonly code?: unknown; readonly bits?: unknown; readonly batch?: unknown };
    if (typeof code === "string" && /^[a-z-]{1,40}$/.test(code)) {
      return { word: code, text, work: code === "work" ? { bits: Number(bits), batch: Number(batch) } : null };
    }
  } catch {
    // An answer of something between us and the server: it has no word of ours.
  }
  return { word: request.status >= 500 || request.status === 0 ? "network" : "answer", text, work: null };
}

/** Posts bytes as they are, with the header that shows the work done for them. Never rejects: without an answer the word is `network`. */
export function post(address: string, body: Blob, progress: (part: number) => void = () => undefined, work = ""): Promise<Reply> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    if (work !== "") request.setRequestHeader("Saksei-Work", work);
    const giveUp = (): void => request.abort();
    let waiting = setTimeout(giveUp, PATIENCE);
    request.upload.onprogress = (event) => {
      clearTimeout(waiting);
      waiting = setTimeout(giveUp, PATIENCE);
      progress(event.lengthComputable ? event.loaded / event.total : 0);
    };
    request.onloadend = () => clearTimeout(waiting);
    request.onload = () => resolve(replyOf(request));
    request.onerror = request.onabort = request.ontimeout = () => resolve(NOTHING);
    request.send(body);
  });
}

/** The bytes at a public address: null when they did not come, empty when there is nothing yet. */
export async function fetched(address: string): Promise<ArrayBuffer | null> {
  try {
    const response = await fetch(address, { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
    if (response.status === 404) return new ArrayBuffer(0);
    return response.ok ? await response.arrayBuffer() : null;
  } catch {
    return null;
  }
}

/** Another page of ours as a document: parsed by the browser itself, so no string of ours ever becomes markup. */
export function fetchedPage(address: string): Promise<Document | null> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.onload = () => resolve(request.status === 200 ? request.responseXML : null);
    request.onerror = request.onabort = request.ontimeout = () => resolve(null);
    request.send();
  });
}
