/* Text and elements. Every name and note enters the page through textContent or an attribute, never as HTML. */

/** The page as it came, for the corrected page that is downloaded; its sound, which is long, comes after the script. */
export const PRISTINE = `<!doctype html>\n${document.documentElement.outerHTML}\n`;

export const PAGE_DATA = document.getElementById("data").textContent;

export const byId = (id) => document.getElementById(id);

/** Does something once all of the page has come, the sound with it. */
export function whenWhole(act) {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", act);
  else act();
}

/** An element with properties (`class`, `text`, aria and other attributes, `on…` listeners) and children. */
export function element(tag, properties = {}, ...children) {
  const made = tag.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4))
    : document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "text") made.textContent = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

export const two = (number) => String(number).padStart(2, "0");

/** `m:ss`, or `h:mm:ss` from an hour on; with tenths where asked. */
export function clock(seconds, tenths = false) {
  const units = tenths ? Math.floor(seconds * 10 + 1e-6) : Math.floor(seconds + 0.5);
  const whole = tenths ? Math.floor(units / 10) : units;
  const fraction = tenths ? `.${units % 10}` : "";
  const minutes = Math.floor(whole / 60);
  const tail = `${two(whole % 60)}${fraction}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${two(minutes % 60)}:${tail}` : `${minutes}:${tail}`;
}

export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)} %`;

export const counted = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

/** Says something to those who listen to the page instead of looking at it. */
export function tell(text) {
  byId("told").textContent = text;
}
