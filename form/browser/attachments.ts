/** Files that were chosen: cleaned, shown, kept in memory, each with a way to take it off again, held against what a report can carry. */
import type { Problem } from "./answers.js";
import { contentSize } from "./container.js";
import { all, element, first, sentence, shown } from "./page.js";
import { cleanPicture } from "./pictures.js";
import { showProblemAt } from "./problems.js";

const MOST_FILES = 99;
const MEGABYTE = 1_000_000;
const MOST_CLEANED = 1 << 26; // more fits into no report, and is not worth a phone's memory

/** One chosen file. `clean` is the picture without what is hidden in it, null for what cannot be cleaned. */
export interface Chosen {
  readonly file: File;
  readonly clean: File | null;
  original: boolean;
}

/** A size as people read it: one decimal. What is used is rounded up and never 0, what is free is rounded down. */
function megabytes(bytes: number, round: (tenths: number) => number = (tenths) => Math.max(1, Math.ceil(tenths))): string {
  return shown((round((bytes * 10) / MEGABYTE) / 10).toFixed(1));
}

function sent({ file, clean, original }: Chosen): File {
  return clean === null || original ? file : clean;
}

/** Looks into a file. Rejects when it cannot be read. */
async function looked(file: File): Promise<Chosen> {
  const whole = file.size <= MOST_CLEANED ? file : file.slice(0, 1);
  const cleaned = await cleanPicture(new Uint8Array(await whole.arrayBuffer()));
  const clean = cleaned === null ? null : new File([cleaned.bytes], file.name, { type: cleaned.type });
  return { file, clean, original: false };
}

/** The chosen files of every files question of a page. */
export class Attachments {
  private readonly chosen = new Map<string, Chosen[]>();
  private readonly previews = new Map<Chosen, string>();
  private looking = 0;

  constructor(
    private readonly form: HTMLElement,
    kept: ReadonlyMap<string, readonly Chosen[]> = new Map(),
  ) {
    for (const field of all('[data-type="files"]', form)) {
      const { question = "" } = field.dataset;
      this.chosen.set(question, [...(kept.get(question) ?? [])]);
      const input = first<HTMLInputElement>("input", field);
      input.addEventListener("change", () => void this.add(field, question, input));
      this.list(field, question);
    }
  }

  /** The files of each question, to be carried to the page in another language. */
  get kept(): ReadonlyMap<string, readonly Chosen[]> {
    return this.chosen;
  }

  /** Every file of the questions that are shown, and the numbers each of those questions has in the container (1, 2, …). */
  members(): { readonly files: readonly File[]; readonly answers: Readonly<Record<string, readonly number[]>> } {
    const files: File[] = [];
    const answers: Record<string, readonly number[]> = {};
    for (const [question, chosen] of this.there()) {
      if (chosen.length > 0) answers[question] = chosen.map((_, index) => files.length + index + 1);
      files.push(...chosen.map(sent));
    }
    return { files, answers };
  }

  /** What stands in the way of sending these files. */
  problems(): readonly Problem[] {
    const { files, answers } = this.members();
    const [question] = this.looking > 0 ? this.there().map(([name]) => name) : Object.keys(answers);
    if (question === undefined) return [];
    if (this.looking > 0) return [{ question, code: "files-looking" }];
    if (files.length > MOST_FILES) return [{ question, code: "too-many-files" }];
    return this.used(files) > this.room ? [{ question, code: "too-large" }] : [];
  }

  /** The problem of a file that was there when it was chosen and cannot be read any more, by its number in the container (0, 1, …). */
  vanished(member: number): Problem | null {
    const every = this.there().flatMap(([question, chosen]) => chosen.map(({ file }) => ({ question, name: file.name })));
    const found = every[member];
    return found === undefined ? null : { question: found.question, code: "file-unreadable", places: { name: found.name } };
  }

  /** Lets go of every file and preview. */
  clear(): void {
    for (const address of this.previews.values()) URL.revokeObjectURL(address);
    this.previews.clear();
    this.chosen.clear();
  }

  /** The chosen files of each question that is shown. */
  private there(): readonly (readonly [string, readonly Chosen[]])[] {
    const fields = all('[data-type="files"]', this.form).filter(({ hidden }) => !hidden);
    return fields.map(({ dataset: { question = "" } }) => [question, this.chosen.get(question) ?? []]);
  }

  /** Bytes that files may take, as the page says it. */
  private get room(): number {
    return Number(this.form.dataset["room"]);
  }

  private used(files: readonly File[]): number {
    return contentSize(0, files.map(({ size }) => size)) - contentSize(0, []);
  }

  private async add(field: HTMLElement, question: string, input: HTMLInputElement): Promise<void> {
    const files = [...(input.files ?? [])];
    input.value = ""; // so that the same file can be chosen again after it was taken off
    const problems: Problem[] = [];
    this.looking += 1;
    for (const file of files) {
      const places = { name: file.name };
      try {
        // An empty file and one that cannot be read are told apart: reading the first works.
        const chosen = await looked(file);
        if (file.size === 0) problems.push({ question, code: "file-empty", places });
        else this.chosen.get(question)?.push(chosen);
      } catch {
        problems.push({ question, code: "file-unreadable", places });
      }
    }
    this.looking -= 1;
    this.list(field, question);
    showProblemAt(field, [...problems, ...this.problems()].filter((problem) => problem.question === question));
  }

  private remove(field: HTMLElement, question: string, chosen: Chosen): void {
    const files = this.chosen.get(question) ?? [];
    files.splice(files.indexOf(chosen), 1);
    URL.revokeObjectURL(this.previews.get(chosen) ?? "");
    this.previews.delete(chosen);
    this.list(field, question);
    showProblemAt(field, this.problems().filter((problem) => problem.question === question));
    first("input", field).focus();
  }

  private list(field: HTMLElement, question: string): void {
    const chosen = this.chosen.get(question) ?? [];
    const list = first("[data-files]", field);
    list.hidden = chosen.length === 0;
    list.replaceChildren(...chosen.map((one) => this.row(field, question, one)));
    this.measure();
    this.form.dispatchEvent(new Event("change"));
  }

  private measure(): void {
    const { files } = this.members();
    const used = this.used(files);
    const places = { used: megabytes(used), room: megabytes(this.room, Math.floor) };
    for (const meter of all("[data-used]", this.form)) {
      first("p", meter).textContent = sentence(used > this.room ? "files.over" : "files.used", places);
      meter.classList.toggle("over", used > this.room);
      first<HTMLProgressElement>("progress", meter).value = Math.min(1, used / this.room);
      meter.hidden = files.length === 0;
    }
  }

  private row(field: HTMLElement, question: string, chosen: Chosen): HTMLElement {
    const { file, clean } = chosen;
    const row = element("li");
    if (clean !== null) row.append(this.preview(chosen, clean));
    const words = element("div");
    words.append(element("bdi", file.name), element("span", sentence("files.size", { size: megabytes(sent(chosen).size) }), { class: "hint" }));
    const remove = element("button", sentence("files.remove"), { type: "button", class: "quiet" });
    remove.setAttribute("aria-label", `${sentence("files.remove")}: ${file.name}`);
    remove.addEventListener("click", () => this.remove(field, question, chosen));
    row.append(words, remove, ...(clean === null ? this.warning(field, question, chosen) : this.choice(field, question, chosen)));
    return row;
  }

  private preview(chosen: Chosen, clean: File): HTMLElement {
    const address = this.previews.get(chosen) ?? URL.createObjectURL(clean);
    this.previews.set(chosen, address);
    const image = element("img", "", { alt: "", src: address, decoding: "async" });
    image.addEventListener("error", () => image.remove());
    return image;
  }

  /** What was done to a picture, and the explicit choice to leave it as it is. */
  private choice(field: HTMLElement, question: string, chosen: Chosen): readonly HTMLElement[] {
    const id = `original-${question}-${this.chosen.get(question)?.indexOf(chosen) ?? 0}`;
    const box = element("input", "", { type: "checkbox", id, autocomplete: "off", "aria-describedby": `${id}-h` });
    box.checked = chosen.original;
    box.addEventListener("change", () => {
      chosen.original = box.checked;
      this.list(field, question);
      document.getElementById(id)?.focus();
    });
    const tick = element("div", "", { class: "tick" });
    const said = chosen.original ? "files.original" : "files.cleaned";
    tick.append(box, element("label", sentence("files.keep"), { for: id }), element("p", sentence(said), { class: "hint", id: `${id}-h` }));
    return [tick];
  }

  /** What is not a picture keeps what is hidden in it: said plainly, with the way to use words instead. */
  private warning(field: HTMLElement, question: string, chosen: Chosen): readonly HTMLElement[] {
    const warning = element("div", "", { class: "warning" });
    warning.append(element("p", sentence("files.other")));
    const words = all("textarea", this.form).find((area) => area.closest<HTMLElement>("[data-question]")?.hidden === false);
    if (words !== undefined) {
      const describe = element("button", sentence("files.describe"), { type: "button", class: "quiet" });
      describe.setAttribute("aria-label", `${sentence("files.describe")}: ${chosen.file.name}`);
      describe.addEventListener("click", () => {
        this.remove(field, question, chosen);
        words.dispatchEvent(new Event("wanted", { bubbles: true }));
      });
      warning.append(describe);
    }
    return [warning];
  }
}
