/* Colours of a canvas: those of style.css as they are now. */

export const darkness = window.matchMedia("(prefers-color-scheme: dark)");
export const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");

const LIGHT = { dark: false, page: "#ffffff", panel: "#f6f7f8", ink: "#1d2024", faint: "#5c636d", line: "#dfe2e6" };

/** Colours for the screen or, where `paper`, for print. */
export function themeNow(paper = false) {
  if (paper) return LIGHT;
  const style = getComputedStyle(document.documentElement);
  const named = Object.fromEntries(["page", "panel", "ink", "faint", "line"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return { dark: darkness.matches, ...named };
}

export const colourOf = (speaker, theme) => speaker.colours[theme.dark ? 1 : 0];
