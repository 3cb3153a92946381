const KEY = "carapace.theme";

export type Theme = "light" | "dark";

const dark = window.matchMedia("(prefers-color-scheme: dark)");

function chosen(): Theme | null {
  try {
    const value = window.localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null;
  }
}

export function currentTheme(): Theme {
  return chosen() ?? (dark.matches ? "dark" : "light");
}

function apply(): void {
  document.documentElement.dataset["theme"] = currentTheme();
}

/** Follows the system until the user chooses. */
export function startTheme(changed: () => void): void {
  apply();
  const follow = (): void => {
    apply();
    changed();
  };
  dark.addEventListener("change", follow);
  // The choice is the browser's, so other tabs of it follow.
  window.addEventListener("storage", (event) => {
    if (event.key === KEY || event.key === null) follow();
  });
}

export function toggleTheme(): void {
  const next: Theme = currentTheme() === "dark" ? "light" : "dark";
  try {
    window.localStorage.setItem(KEY, next);
  } catch {
    // Without storage the choice cannot be kept; the attribute below still shows it.
  }
  document.documentElement.dataset["theme"] = next;
}
