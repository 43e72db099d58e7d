/** The deadline by this device's own clock, in the words of the page. */
import { all, sentence, shown } from "./page.js";

/** The hour of the day as people say it: its number out of twelve, and the key of its part of the day. */
export function spokenHour(hour: number): { readonly hour: number; readonly part: string } {
  const twelve = hour % 12 === 0 ? 12 : hour % 12;
  const parts: readonly (readonly [number, string])[] = [
    [4, "midnight"],
    [11, "morning"],
    [13, "noon"],
    [17, "afternoon"],
    [19, "evening"],
  ];
  return { hour: twelve, part: parts.find(([until]) => hour < until)?.[1] ?? "night" };
}

/** The sentence for this instant, as form/moments.py writes it for a place. */
export function spokenMoment(instant: Date): string {
  const { hour, part } = spokenHour(instant.getHours());
  return sentence("moment", {
    weekday: sentence(`weekday.${instant.getDay()}`),
    day: shown(instant.getDate()),
    month: sentence(`month.${instant.getMonth() + 1}`),
    year: shown(instant.getFullYear()),
    hour: shown(hour),
    minute: shown(String(instant.getMinutes()).padStart(2, "0")),
    part: sentence(`part.${part}`),
    half: sentence(instant.getHours() < 12 ? "half.am" : "half.pm"),
  });
}

/** Fills every place that waits for the reader's own time. */
export function showOwnTime(): void {
  for (const place of all("[data-instant]")) place.textContent = spokenMoment(new Date(Number(place.dataset["instant"]) * 1000));
}
