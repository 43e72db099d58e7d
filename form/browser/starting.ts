/** Starting a worker from a text that stands in the page already: a worker from an address of its own has no integrity. */

interface ScriptUrlPolicy {
  createScriptURL(url: string): string;
}

declare global {
  interface Window {
    readonly trustedTypes?: { createPolicy(name: string, rules: ScriptUrlPolicy): ScriptUrlPolicy };
  }
}

/**
 * Gives what starts workers. To be called once a page: the page's policy allows the name `saksei` a single time, and that policy lets
 * through Blob addresses of this page and nothing else.
 */
export function workerStarter(): (script: string) => Worker {
  const rules: ScriptUrlPolicy = {
    createScriptURL(url) {
      if (!url.startsWith("blob:")) throw new TypeError("not our worker");
      return url;
    },
  };
  const policy = window.trustedTypes?.createPolicy("saksei", rules) ?? rules;
  return (script) => {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const worker = new Worker(policy.createScriptURL(address));
    // The worker reads the address once; it is given back as soon as the first message shows that it did.
    worker.addEventListener("message", () => URL.revokeObjectURL(address), { once: true });
    return worker;
  };
}
