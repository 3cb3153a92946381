import { parseJson5, type Json } from "./json5.js";
import type { Setting } from "./setting.js";

/** What the field shows for a value of the file, or for a default. */
export function textOf(setting: Setting, value: Json | undefined): string {
  if (value === undefined) return "";
  if (setting.kind === "list" && Array.isArray(value) && value.every(isPlain)) return value.join("\n");
  if (setting.kind === "json" || typeof value === "object") return JSON.stringify(value, null, 2);
  return String(value);
}

/** What the typed text means; a text when it cannot be that. */
export function readText(setting: Setting, text: string): { value: Json } | { problem: string } {
  if (setting.kind === "boolean" || setting.truth) return text === "true" || text === "false" ? { value: text === "true" } : { value: text };
  if (setting.kind === "number") return readNumber(setting, text.trim());
  if (setting.kind === "list") return { value: readList(setting, text) };
  if (setting.kind !== "json") return { value: text };
  try {
    return { value: parseJson5(text) };
  } catch (error) {
    return { problem: `This is not JSON5: ${(error as Error).message}.` };
  }
}

function readNumber(setting: Setting, text: string): { value: Json } | { problem: string } {
  // A reference to a variable is filled in by the gateway.
  if (/^\$\{[A-Z_][A-Z0-9_]*\}$/.test(text)) return { value: text };
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) return { problem: "Please enter a number." };
  if (setting.integer && !Number.isInteger(value)) return { problem: "Please enter a whole number." };
  const { min, max } = setting;
  if ((min !== null && value < min) || (max !== null && value > max)) return { problem: `It must be ${boundsText(setting)}.` };
  return { value };
}

function readList(setting: Setting, text: string): Json[] {
  // People write ids without quotes: what was a number in the file stays one.
  const numbers = new Set(Array.isArray(setting.value) ? setting.value.filter((one) => typeof one === "number").map(String) : []);
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "").map((line) => (numbers.has(line) ? Number(line) : line));
}

export function boundsText({ min, max: most }: Setting): string {
  // The largest number that JSON holds exactly is no bound that anybody set.
  const max = most !== null && most >= Number.MAX_SAFE_INTEGER ? null : most;
  if (min !== null && max !== null) return `between ${min} and ${max}`;
  return min !== null ? `${min} or more` : max !== null ? `${max} or less` : "";
}

export function reloadText(setting: Setting): string {
  // Its help says so already.
  if (setting.planned) return "";
  if (setting.reload === "hot") return "applies at once";
  if (setting.reload === "none") return "takes part when it is next needed";
  if (setting.reload === "subsystem") return `restarts ${setting.part || "a part of the gateway"}`;
  return "restarts the gateway";
}

/** What saving these changes would do to the gateway: "one applies at once; models restarts". */
export function planText(changed: readonly Setting[]): string {
  const told = changed.filter((one) => !one.planned);
  const count = (reload: Setting["reload"]): number => told.filter((one) => one.reload === reload).length;
  const some = (number: number, one: string, several: string): string => (number ? (number === 1 ? `one ${one}` : `${number} ${several}`) : "");
  const parts = [...new Set(told.filter((one) => one.reload === "subsystem").map((one) => one.part || "a part of the gateway"))];
  const effects = [
    some(count("hot") + count("none"), "applies at once", "apply at once"),
    parts.length ? `${parts.join(", ")} ${parts.length === 1 ? "starts" : "start"} anew` : "",
    some(count("restart"), "restarts the gateway", "restart the gateway"),
  ].filter(Boolean);
  return effects.length ? effects.join("; ") : "nothing here changes by it yet";
}

function isPlain(value: Json): boolean {
  return typeof value === "string" || typeof value === "number";
}
