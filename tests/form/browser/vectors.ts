/** Runs files of tests/vectors, in Node and in browsers alike, and says where what comes out is not what they say. */
import { same } from "../../../form/browser/bytes.js";
import { Refusal } from "../../../form/browser/errors.js";
import { NOT_HERE, RUNNERS, type Given } from "./runners.js";
import { type Value, read, readBases } from "./spelling.js";

interface Vector {
  readonly name: string;
  readonly op: string;
  readonly input: unknown;
  readonly word: string | null;
  readonly output?: unknown;
}

export interface VectorFile {
  readonly kind: string;
  readonly bases: Readonly<Record<string, unknown>>;
  readonly shared: unknown;
  readonly vectors: readonly Vector[];
}

/** How many vectors ran and how many cannot, and a line for each that did not give what it says. */
export interface Ran {
  readonly ran: number;
  readonly notHere: number;
  readonly wrong: readonly string[];
}

/** Runs every vector of a file. A kind or an op that has no runner and no reason for it is wrong. */
export async function runVectors({ kind, bases, shared, vectors }: VectorFile): Promise<Ran> {
  const known = readBases(bases);
  const wrong: string[] = [];
  let ran = 0;
  for (const vector of vectors) {
    const name = `${kind}.${vector.op}`;
    if (kind in NOT_HERE || name in NOT_HERE) continue;
    ran += 1;
    const said = { word: vector.word, output: read(vector.output ?? {}, known) as Given };
    const found = await outcome(name, read(vector.input, known) as Given, read(shared, known) as Given);
    if (found.word !== said.word || !says(said.output, found.output)) wrong.push(`${kind}/${vector.name}: ${String(found.word)}`);
  }
  return { ran, notHere: vectors.length - ran, wrong };
}

async function outcome(name: string, given: Given, shared: Given): Promise<{ readonly word: string | null; readonly output: Given }> {
  try {
    const runner = RUNNERS[name];
    if (runner === undefined) return { word: "no runner", output: {} };
    return { word: null, output: await runner(given, shared) };
  } catch (error) {
    return { word: error instanceof Refusal ? error.word : `thrown: ${String(error)}`, output: {} };
  }
}

/** Whether everything that `said` says stands in `found` just so. */
function says(said: Given, found: Given): boolean {
  return Object.entries(said).every(([key, value]) => key in found && alike(value, found[key]));
}

/** Whether two values are the same through and through. */
export function alike(one: Value | undefined, other: Value | undefined): boolean {
  if (one instanceof Uint8Array || other instanceof Uint8Array) return one instanceof Uint8Array && other instanceof Uint8Array && same(one, other);
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return one === other;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [left, right] = [Object.entries(one), new Map(Object.entries(other))];
  return left.length === right.size && left.every(([key, value]) => right.has(key) && alike(value as Value, right.get(key) as Value));
}
