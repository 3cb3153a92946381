/** Which session this tab looks at, so that a reload comes back to it. Other tabs are not concerned. */
const KEY = "carapace.session";

export function rememberedSession(): string {
  // Storage access throws when the browser blocks it; a reload then opens the main session.
  try {
    return window.sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

/** An empty key forgets. */
export function rememberSession(key: string): void {
  try {
    if (key) window.sessionStorage.setItem(KEY, key);
    else window.sessionStorage.removeItem(KEY);
  } catch {
    // Nothing to do: see above.
  }
}
