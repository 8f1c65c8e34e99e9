import { el, fill, icon, ICONS } from "./dom";

const KEY = "headrace-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners: (() => void)[] = [];

function kept(): string | null {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

function keep(theme: string): void {
  try { localStorage.setItem(KEY, theme); } catch { /* where nothing may be kept, the choice lasts as long as the page */ }
}

export function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : system.matches;
}

/** Call back whenever colours change. */
export function onTheme(listener: () => void): void {
  listeners.push(listener);
}

const chosen = kept();
if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
system.addEventListener("change", () => listeners.forEach(tell => tell()));

/** The switch between light and dark; until it is used, the system decides. */
export function themeSwitch(): HTMLButtonElement {
  const button = el("button", { type: "button", class: "quiet square", onclick: () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    keep(theme);
    listeners.forEach(tell => tell());
  } });
  const draw = () => {
    fill(button, icon(...(isDark() ? ICONS.sun : ICONS.moon)));
    button.setAttribute("aria-label", isDark() ? "Switch to light colours" : "Switch to dark colours");
  };
  onTheme(draw);
  draw();
  return button;
}
