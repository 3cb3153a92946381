/**
 * The one address this app ever connects to: the origin that served it.
 * Nothing but the scheme, host and folder of the page goes in. Query and fragment are left out on purpose,
 * so that a crafted link cannot send the stored token to a stranger.
 */
export function gatewayAddress(page: Pick<Location, "protocol" | "host" | "pathname">): string {
  const scheme = page.protocol === "https:" ? "wss:" : "ws:";
  const folder = page.pathname.slice(0, page.pathname.lastIndexOf("/") + 1) || "/";
  return `${scheme}//${page.host}${folder}`;
}
