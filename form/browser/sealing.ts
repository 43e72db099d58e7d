/** The envelope: a binary age file for the call's recipients and nobody else (format.md section 3). */
import { sha256 } from "@noble/hashes/sha2.js";
import { Encrypter } from "age-encryption";
import type { Bytes } from "./bytes.js";

const PIECE = 1 << 18;
const REHEARSED = 1 << 16;

/** The envelope's size for this many recipients and a container of `padded` bytes. */
export function envelopeSize(recipients: number, padded: number): number {
  return 86 + 1557 * recipients + padded + (16 * padded) / 65536;
}

/**
 * Seals zeros for these recipients and throws the envelope away, so that what a browser does only the first time (to compile, to fill
 * tables) was done when somebody waits. Nothing of a person's is in it: its keys are drawn for it alone.
 */
export async function rehearse(recipients: readonly string[]): Promise<void> {
  sha256(await seal(new Uint8Array(REHEARSED), recipients, 0));
}

/** The container in pieces, telling how much was taken. */
function pieces(container: Bytes, progress: (part: number) => void): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      const end = Math.min(at + PIECE, container.length);
      controller.enqueue(container.subarray(at, end));
      at = end;
      progress(at / container.length);
      if (at === container.length) controller.close();
    },
  });
}

/**
 * The container sealed to every recipient, in the call's order, under a fresh file key.
 *
 * `room` bytes stay free (zero) before the envelope, so that the handle can be put there without a second copy of it.
 * Throws when a recipient is none of ours or the envelope is not the size it must be: then nothing may be sent.
 */
export async function seal(
  container: Bytes,
  recipients: readonly string[],
  room: number,
  progress: (part: number) => void = () => undefined,
): Promise<Bytes> {
  const encrypter = new Encrypter();
  if (recipients.length === 0) throw new Error("no recipients");
  for (const recipient of recipients) {
    if (!recipient.startsWith("age1pq1")) throw new Error("not a hybrid recipient");
    encrypter.addRecipient(recipient);
  }
  const sealed = new Uint8Array(room + envelopeSize(recipients.length, container.length));
  const reader = (await encrypter.encrypt(pieces(container, progress))).getReader();
  let at = room;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    sealed.set(read.value, at);
    at += read.value.length;
  }
  if (at !== sealed.length) throw new Error("not the size of an envelope");
  return sealed;
}
