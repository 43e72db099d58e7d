/** The receipt on its plate: in either kind of digits, copied, printed; never written anywhere by itself. */
import { all, asciiDigits, element, first, khmerDigits, shown } from "./page.js";

/** Puts the groups of a receipt on a plate. */
export function fillPlate(plate: HTMLElement, groups: readonly string[]): void {
  plate.className = "plate";
  plate.replaceChildren(...groups.flatMap((group) => [element("span", shown(group)), " "]));
}

/** Copies where no clipboard is to be had: on plain http, as an onion address is. */
function copySelected(plate: HTMLElement): boolean {
  const selection = window.getSelection();
  selection?.selectAllChildren(plate);
  const copied = document.execCommand("copy");
  selection?.removeAllRanges();
  return copied;
}

async function copy(plate: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText((plate.textContent ?? "").trim());
    return true;
  } catch {
    return copySelected(plate);
  }
}

/** Binds the buttons beside every plate of the page. */
export function bindPlates(): void {
  for (const kept of all("[data-kept]")) {
    const plate = first("[translate=no]", kept);
    first("[data-do=digits]", kept).addEventListener("click", () => {
      const other = /[0-9]/.test(plate.textContent ?? "") ? khmerDigits : asciiDigits;
      for (const group of all("span", plate)) group.textContent = other(group.textContent ?? "");
    });
    first("[data-do=copy]", kept).addEventListener("click", () => {
      void copy(plate).then((copied) => {
        first("[data-copied]", kept).hidden = !copied;
        first("[data-uncopied]", kept).hidden = copied;
      });
    });
    first("[data-do=print]", kept).addEventListener("click", () => window.print());
  }
}
