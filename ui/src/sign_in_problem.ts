import type { WireError } from "./wire_types.js";

export interface SignInProblem {
  text: string;
  /** Whether the stored token should be forgotten. */
  tokenIsBad: boolean;
}

/** Says in plain words why the gateway refused the connection. */
export function signInProblem(error: WireError): SignInProblem {
  const message = error.message.toLowerCase();
  if (/rate.?limit|too many|locked/.test(message)) {
    return { text: "Too many failed attempts. Wait a minute, then try again.", tokenIsBad: false };
  }
  if (message.includes("protocol mismatch")) {
    return { text: "This page is older than the gateway. Reload it.", tokenIsBad: false };
  }
  if (message.includes("unauthorized") || message.includes("token") || message.includes("password")) {
    return { text: "That token is not right. Copy it again, or run “carapace open” to get a fresh link.", tokenIsBad: true };
  }
  return { text: `The gateway refused the connection: ${error.message}`, tokenIsBad: false };
}
