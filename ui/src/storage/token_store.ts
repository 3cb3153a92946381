const KEY = "carapace.token";

function read(storage: () => Storage): string | null {
  // Storage access throws when the browser blocks it; the app then works for as long as the page is open.
  try {
    return storage().getItem(KEY);
  } catch {
    return null;
  }
}

function write(storage: () => Storage, token: string | null): void {
  try {
    if (token === null) storage().removeItem(KEY);
    else storage().setItem(KEY, token);
  } catch {
    // Nothing to do: see read().
  }
}

const device = (): Storage => window.localStorage;
const tab = (): Storage => window.sessionStorage;

export function storedToken(): string | null {
  return read(tab) ?? read(device);
}

export function storeToken(token: string, keep: boolean): void {
  write(device, keep ? token : null);
  write(tab, keep ? null : token);
}

export function forgetToken(): void {
  write(device, null);
  write(tab, null);
}

/** Calls when another tab of this browser forgot the token that this one uses as well. */
export function onSignOutElsewhere(signedOut: () => void): void {
  window.addEventListener("storage", (event) => {
    const dropped = event.key === KEY ? event.newValue === null : event.key === null;
    if (event.storageArea === device() && dropped && storedToken() === null) signedOut();
  });
}

export function isTabOnly(token: string): boolean {
  return read(tab) === token;
}

function decode(text: string): string {
  // decodeURIComponent, unlike URLSearchParams, leaves a plus sign of a base64 token alone.
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Takes `#token=…` out of the address bar. Only `token` is understood; the whole fragment is dropped,
 * so the secret stays neither in the history nor in a bookmark.
 */
export function takeTokenFromFragment(): string | null {
  const fragment = window.location.hash.slice(1);
  if (!fragment) return null;
  let token: string | null = null;
  for (const part of fragment.split("&")) {
    const cut = part.indexOf("=");
    if (cut > 0 && part.slice(0, cut) === "token") token = decode(part.slice(cut + 1)).trim();
  }
  // The whole address, because a path that begins with two slashes would by itself name another host.
  window.history.replaceState(null, "", window.location.href.split("#", 1)[0]);
  return token || null;
}
