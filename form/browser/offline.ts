/**
 * The one script of the offline form, inline in its one file. Its worker runs this same text, read out of the page: the page's policy names
 * its hash, and nothing stands in the file twice.
 */
import { showOwnTime } from "./deadline.js";
import type { Carried } from "./filling.js";
import { bindEscape, bindLeaving } from "./leaving.js";
import { OfflinePage, type Writing } from "./offline_page.js";
import { sealingWith } from "./offline_sealer.js";
import { serve } from "./offline_sealing.js";
import { all } from "./page.js";

/** The page in one language, as it stood before anything was typed. */
interface Told {
  readonly title: string;
  readonly content: DocumentFragment;
}

function pages(): ReadonlyMap<string, Told> {
  const told = new Map<string, Told>();
  for (const { dataset, content } of all<HTMLTemplateElement>("template[data-page]", document.head)) {
    told.set(dataset["page"] ?? "", { title: dataset["title"] ?? "", content });
  }
  const content = document.createDocumentFragment();
  content.append(...Array.from(document.body.childNodes, (node) => node.cloneNode(true)));
  return told.set(document.documentElement.lang, { title: document.title, content });
}

function start(told: ReadonlyMap<string, Told>, writing: Writing, carried: Carried | null): void {
  bindLeaving();
  showOwnTime();
  for (const button of all("[data-do=print]")) button.addEventListener("click", () => window.print());
  const page = new OfflinePage(writing, carried);
  for (const link of all<HTMLAnchorElement>("a[data-language]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const { language = "" } = link.dataset;
      const other = told.get(language);
      if (other === undefined || !page.movable) return;
      const typed = page.carried();
      document.body.replaceChildren(document.importNode(other.content, true));
      document.documentElement.lang = language;
      document.title = other.title;
      window.scrollTo(0, 0);
      start(told, writing, typed);
    });
  }
}

if (typeof document === "undefined") {
  serve();
} else {
  const script = document.currentScript?.textContent ?? "";
  document.addEventListener("DOMContentLoaded", () => {
    bindEscape();
    start(pages(), { sealing: sealingWith(script), handedOut: false }, null);
  });
}
