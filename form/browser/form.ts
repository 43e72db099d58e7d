/** The one script of every page a submitter sees. */
import type { Carried } from "./filling.js";
import { type Writing, ReportPage, newWriting } from "./report_page.js";
import { ReceiptPage } from "./receipt_page.js";
import { showOwnTime } from "./deadline.js";
import { bindEscape, bindLeaving } from "./leaving.js";
import { all, first, part, sentence } from "./page.js";
import { bindChoosing, chooseAgain, chosenFiles } from "./choosing.js";
import { bindPlates } from "./plate.js";
import { fetchedPage } from "./sending.js";

/** Exchanges the page for another of ours, in memory; false when it did not come, or has no `needed` part. */
async function exchange(address: string, needed: string): Promise<boolean> {
  const other = await fetchedPage(address);
  if (other === null || other.querySelector(needed) === null) return false;
  const { lang } = other.documentElement;
  const { title, body } = other;
  document.body.replaceWith(document.adoptNode(body));
  document.documentElement.lang = lang;
  document.title = title;
  window.history.replaceState(null, "", address);
  window.scrollTo(0, 0);
  return true;
}

/** The same page in another language; what was typed goes along in memory and nowhere else. */
async function changeLanguage(page: ReportPage, writing: Writing, link: HTMLAnchorElement): Promise<void> {
  const carried = page.carried();
  const chosen = chosenFiles();
  if (await exchange(link.href, "#report")) {
    chooseAgain(chosen);
    start(writing, carried);
    return;
  }
  languageFailed();
}

function languageFailed(): void {
  const said = part("language-failed");
  said.textContent = sentence("language.failed");
  said.hidden = false;
}

/** The receipt page in another language, with the number that was typed and the promise that was chosen. */
async function changeReceiptLanguage(page: ReceiptPage, link: HTMLAnchorElement): Promise<void> {
  const typed = page.typed;
  const chosen = chosenFiles();
  if (!(await exchange(link.href, "#look"))) {
    languageFailed();
    return;
  }
  page.end();
  chooseAgain(chosen);
  start(newWriting(), null);
  first<HTMLTextAreaElement>("[name=receipt]").value = typed;
}

/** The form, for an addition: the worker that knows the receipt goes along. */
async function add(sealer: Writing["sealer"]): Promise<boolean> {
  if (!(await exchange(first<HTMLAnchorElement>("[data-form]").href, "#report"))) return false;
  start({ sealer, holding: true, postedBefore: false }, null);
  part("addition").focus();
  return true;
}

function start(writing: Writing, carried: Carried | null): void {
  bindLeaving();
  bindPlates();
  bindChoosing();
  showOwnTime();
  if (document.getElementById("look") !== null) {
    const page = new ReceiptPage(add);
    onLanguage((link) => void changeReceiptLanguage(page, link));
  }
  if (document.getElementById("report") === null) return;
  const page = new ReportPage(writing, carried);
  onLanguage((link) => {
    if (page.movable) void changeLanguage(page, writing, link);
  });
}

function onLanguage(change: (link: HTMLAnchorElement) => void): void {
  for (const link of all<HTMLAnchorElement>("a[data-language]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      change(link);
    });
  }
}

bindEscape();
start(newWriting(), null);
