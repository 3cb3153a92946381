const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/** The address if a click on it is harmless, else null. Relative addresses are refused: they would leave the app. */
export function safeLink(address: string): string | null {
  const text = address.trim();
  if (!/^(?:https?:\/\/|mailto:)/i.test(text)) return null;
  try {
    const url = new URL(text);
    return SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
