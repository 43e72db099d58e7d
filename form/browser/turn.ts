/** The page's thread is given back between two parts of a long work, so that a press of a key never waits for both. */

/** Resolves in a task of its own. */
export function aTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}
