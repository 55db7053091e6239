// Theme and density: chosen by a person, kept in this browser, else the system's.
import { say } from "./toast";

const kTheme = "waybill.theme";
const kDensity = "waybill.density";
const kThemes = ["system", "light", "dark"] as const;
type Theme = (typeof kThemes)[number];

function apply(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

function kept_theme(): Theme {
  const kept = localStorage.getItem(kTheme);
  return kThemes.find((t) => t === kept) ?? "system";
}

export function restore_look(): void {
  apply(kept_theme());
  if (localStorage.getItem(kDensity) === "compact") document.documentElement.dataset["density"] = "compact";
}

export function next_theme(): void {
  const next = kThemes[(kThemes.indexOf(kept_theme()) + 1) % kThemes.length]!;
  localStorage.setItem(kTheme, next);
  apply(next);
  say(next === "system" ? "Theme: as the system has it." : `Theme: ${next}.`);
}

export function next_density(): void {
  const compact = document.documentElement.dataset["density"] !== "compact";
  if (compact) document.documentElement.dataset["density"] = "compact";
  else delete document.documentElement.dataset["density"];
  localStorage.setItem(kDensity, compact ? "compact" : "even");
  say(compact ? "Density: compact." : "Density: even.");
}
