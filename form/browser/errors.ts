/**
 * What the browser refuses, each with one stable word (format.md section 12 where it has one).
 *
 * Never carries content: a message is the word alone, the sentence for the reader stands in the page.
 */
export type Word =
  | "too-large" // the files and words together do not fit into the largest class
  | "report" // text that cannot be written as JSON (a lone surrogate, U+0000)
  | "receipt" // a receipt whose digits do not add up
  | "signature" // a note that is not signed by the call's log key
  | "promise-broken" // a promise for something else than what was sent
  | "log-entry" // a log entry that breaks the format
  | "log-call" // a log of another call
  | "log-duplicate" // a log that names a report twice
  | "log-withdraw" // a log with a withdrawal that does not fit its report
  | "log-inconsistent" // a checkpoint that is not the root of the entries
  | "key-params" // a key of another form than ours
  | "key-mismatch" // a key whose name is that of another key
  | "busy" // work that would take too long
  | "withdrawn" // this report was withdrawn before
  | "file-unreadable" // a file that vanished, or that the browser may not read
  | "sealing" // sealing itself threw: nothing left the device
  | "network" // no answer came back
  | "answer" // an answer that is none of ours
  | ReadingWord;

/** What only readers of sealed reports, replies and calls refuse (browser/reading/); no page says these. */
type ReadingWord =
  | "size"
  | "prefix"
  | "header"
  | "no-match"
  | "mac"
  | "payload"
  | "padding"
  | "container"
  | "json-duplicate"
  | "version"
  | "wrong-call"
  | "handle-mismatch"
  | "manifest";

/** Refused, with its word. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  /** `member` is the file it is about, by its number in the container from 0; -1 for none. */
  constructor(
    readonly word: Word,
    readonly member = -1,
  ) {
    super(word);
  }
}
