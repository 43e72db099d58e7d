/** The one script of every page a submitter sees. */
import type { Carried } from "./filling.js";
import { ReportPage } from "./report_page.js";
import { ReceiptPage } from "./receipt_page.js";
import { showOwnTime } from "./deadline.js";
import { bindEscape, bindLeaving } from "./leaving.js";
import { all, part, sentence } from "./page.js";
import { fetchedPage } from "./sending.js";

/** Exchanges the page for the one in another language; what was typed goes along in memory and nowhere else. */
async function changeLanguage(page: ReportPage, link: HTMLAnchorElement): Promise<void> {
  const other = await fetchedPage(link.href);
  const body = other?.querySelector("#report") === null ? undefined : other?.body;
  if (other === null || body === undefined) {
    const said = part("language-failed");
    said.textContent = sentence("language.failed");
    said.hidden = false;
    return;
  }
  const carried = page.carried();
  const { lang } = other.documentElement;
  const { title } = other;
  document.body.replaceWith(document.adoptNode(body));
  document.documentElement.lang = lang;
  document.title = title;
  window.history.replaceState(null, "", link.href);
  window.scrollTo(0, 0);
  start(carried);
}

function start(carried: Carried | null): void {
  bindLeaving();
  showOwnTime();
  for (const button of all("[data-do=print]")) button.addEventListener("click", () => window.print());
  if (document.getElementById("look") !== null) new ReceiptPage();
  if (document.getElementById("report") === null) return;
  const page = new ReportPage(carried);
  for (const link of all<HTMLAnchorElement>("a[data-language]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      if (page.movable) void changeLanguage(page, link);
    });
  }
}

bindEscape();
start(null);
