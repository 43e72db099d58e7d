/** Requests: only sealed bytes, withdrawals and public addresses go through here. */

/** What came back. `word` is the server's own word for a refusal, `network` when nothing came back, empty when it was accepted. */
export interface Reply {
  readonly word: string;
  readonly text: string;
}

function wordOf(request: XMLHttpRequest): string {
  if (request.status >= 200 && request.status < 300) return "";
  try {
    const { code } = JSON.parse(request.responseText) as { readonly code?: unknown };
    if (typeof code === "string" && /^[a-z-]{1,40}$/.test(code)) return code;
  } catch {
    // An answer of something between us and the server: it has no word of ours.
  }
  return request.status >= 500 || request.status === 0 ? "network" : "answer";
}

/** Posts bytes as they are. Never rejects: without an answer the word is `network`. */
export function post(address: string, body: Blob, progress: (part: number) => void = () => undefined): Promise<Reply> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onload = () => resolve({ word: wordOf(request), text: request.responseText });
    request.onerror = request.onabort = request.ontimeout = () => resolve({ word: "network", text: "" });
    request.send(body);
  });
}

/** The bytes at a public address, or null when they did not come. */
export async function fetched(address: string): Promise<ArrayBuffer | null> {
  try {
    const response = await fetch(address, { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
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
