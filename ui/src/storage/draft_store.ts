/** Texts not sent yet, by session. They outlast a reload of this tab, and end with it. */
const KEY = "carapace.drafts";
const LONGEST = 100_000;
const MOST = 50;

function load(): Map<string, string> {
  // Storage access throws when the browser blocks it; drafts then live as long as the page.
  try {
    const stored: unknown = JSON.parse(window.sessionStorage.getItem(KEY) ?? "[]");
    const pairs = Array.isArray(stored) ? stored.filter((pair) => Array.isArray(pair) && pair.every((part) => typeof part === "string")) : [];
    return new Map(pairs as [string, string][]);
  } catch {
    return new Map();
  }
}

const drafts = load();

function save(): void {
  const kept = [...drafts].filter(([, text]) => text.length <= LONGEST).slice(-MOST);
  try {
    if (kept.length) window.sessionStorage.setItem(KEY, JSON.stringify(kept));
    else window.sessionStorage.removeItem(KEY);
  } catch {
    // Nothing to do: see above.
  }
}

export function draftOf(sessionKey: string): string {
  return drafts.get(sessionKey) ?? "";
}

export function keepDraft(sessionKey: string, text: string): void {
  if (text === draftOf(sessionKey)) return;
  // The newest stand last, so that the oldest are the ones that go.
  drafts.delete(sessionKey);
  if (text) drafts.set(sessionKey, text);
  save();
}

export function forgetDrafts(): void {
  drafts.clear();
  save();
}
