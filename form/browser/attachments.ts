/** Files that were chosen: kept in memory, listed with a way to take each off again, held against what a report can carry. */
import type { Problem } from "./answers.js";
import { contentSize } from "./container.js";
import { all, element, first, sentence, shown } from "./page.js";

const MOST_FILES = 99;
const MEGABYTE = 1_000_000;

/** A size as people read it: one decimal. What is used is rounded up and never 0, what is free is rounded down. */
function megabytes(bytes: number, round: (tenths: number) => number = (tenths) => Math.max(1, Math.ceil(tenths))): string {
  return shown((round((bytes * 10) / MEGABYTE) / 10).toFixed(1));
}

/** The chosen files of every files question of a page. */
export class Attachments {
  private readonly chosen = new Map<string, File[]>();

  constructor(
    private readonly form: HTMLElement,
    kept: ReadonlyMap<string, readonly File[]> = new Map(),
  ) {
    for (const field of all('[data-type="files"]', form)) {
      const { question = "" } = field.dataset;
      this.chosen.set(question, [...(kept.get(question) ?? [])]);
      const input = first<HTMLInputElement>("input", field);
      input.addEventListener("change", () => this.add(field, question, input));
      this.list(field, question);
    }
  }

  /** The files of each question, to be carried to the page in another language. */
  get kept(): ReadonlyMap<string, readonly File[]> {
    return this.chosen;
  }

  /** Every file of the questions that are shown, and the numbers each of those questions has in the container (1, 2, …). */
  members(): { readonly files: readonly File[]; readonly answers: Readonly<Record<string, readonly number[]>> } {
    const files: File[] = [];
    const answers: Record<string, readonly number[]> = {};
    for (const field of all('[data-type="files"]', this.form)) {
      const { question = "" } = field.dataset;
      const chosen = field.hidden ? [] : (this.chosen.get(question) ?? []);
      if (chosen.length > 0) answers[question] = chosen.map((_, index) => files.length + index + 1);
      files.push(...chosen);
    }
    return { files, answers };
  }

  /** What stands in the way of sending these files. */
  problems(): readonly Problem[] {
    const { files, answers } = this.members();
    const [question] = Object.keys(answers);
    if (question === undefined) return [];
    if (files.length > MOST_FILES) return [{ question, code: "too-many-files" }];
    return this.used(files) > this.room ? [{ question, code: "too-large" }] : [];
  }

  /** Bytes that files may take, as the page says it. */
  private get room(): number {
    return Number(this.form.dataset["room"]);
  }

  private used(files: readonly File[]): number {
    return contentSize(0, files.map(({ size }) => size)) - contentSize(0, []);
  }

  private add(field: HTMLElement, question: string, input: HTMLInputElement): void {
    this.chosen.get(question)?.push(...(input.files ?? []));
    input.value = ""; // so that the same file can be chosen again after it was taken off
    this.list(field, question);
  }

  private remove(field: HTMLElement, question: string, index: number): void {
    this.chosen.get(question)?.splice(index, 1);
    this.list(field, question);
    first("input", field).focus();
  }

  private list(field: HTMLElement, question: string): void {
    const chosen = this.chosen.get(question) ?? [];
    const list = first("[data-files]", field);
    list.hidden = chosen.length === 0;
    list.replaceChildren(...chosen.map((file, index) => this.row(field, question, file, index)));
    const { files } = this.members();
    const places = { used: megabytes(this.used(files)), room: megabytes(this.room, Math.floor) };
    for (const meter of all("[data-used]", this.form)) {
      meter.textContent = sentence(this.used(files) > this.room ? "files.over" : "files.used", places);
      meter.hidden = files.length === 0;
    }
  }

  private row(field: HTMLElement, question: string, file: File, index: number): HTMLElement {
    const row = element("li");
    const remove = element("button", sentence("files.remove"), { type: "button", class: "quiet" });
    remove.setAttribute("aria-label", `${sentence("files.remove")}: ${file.name}`);
    remove.addEventListener("click", () => this.remove(field, question, index));
    row.append(element("bdi", file.name), element("span", sentence("files.size", { size: megabytes(file.size) })), remove);
    return row;
  }
}
