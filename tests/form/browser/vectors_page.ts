/** The same in a page: test_vectors_in_browsers.py calls it with the text of each file. */
import { runVectors } from "./vectors.js";

(globalThis as unknown as { runVectors: (file: string) => Promise<unknown> }).runVectors = (file) => runVectors(JSON.parse(file));
