import type { Json } from "./json5.js";

/** One key of the configuration, as the form shows it. Made anew from the schema and the file at each look. */
export interface Setting {
  /** Keys, outermost first. */
  path: string[];
  /** The same for people: models.providers["my.vendor"].apiKey. */
  name: string;
  label: string;
  help: string;
  group: string;
  kind: "boolean" | "number" | "choice" | "text" | "list" | "json";
  integer: boolean;
  min: number | null;
  max: number | null;
  choices: string[];
  /** Among the choices, true and false are no texts. */
  truth: boolean;
  secret: boolean;
  /** Its value is not changed over the network. */
  guarded: boolean;
  /** Nobody needs it here: keys of other versions, the file's own notes. */
  advanced: boolean;
  /** A key of other versions that changes nothing here yet. */
  planned: boolean;
  reload: "hot" | "subsystem" | "restart" | "none";
  /** What starts anew, when a subsystem does. */
  part: string;
  fallback: Json | undefined;
  /** In the file; undefined: not set. */
  value: Json | undefined;
}

/** Names chosen by the user, such as providers: an entry can be added or taken away. */
export interface SettingMap {
  path: string[];
  name: string;
  label: string;
  group: string;
  advanced: boolean;
  entries: string[];
}

export interface JsonSchema {
  type?: string | string[];
  enum?: Json[];
  const?: Json;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  default?: Json;
  description?: string;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema | JsonSchema[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  /** What a change takes: hot, subsystem, restart, none; planned: it changes nothing here yet. */
  "x-reload"?: string;
  /** What starts anew for subsystem. */
  "x-part"?: string;
  /** Nobody changes it over the network. */
  "x-guarded"?: boolean;
}

export interface UiHint {
  label?: string;
  help?: string;
  group?: string;
  order?: number;
  advanced?: boolean;
  sensitive?: boolean;
}

export interface SchemaAnswer {
  schema?: JsonSchema;
  uiHints?: Record<string, UiHint>;
  version?: string;
}

export interface FileAnswer {
  path?: string;
  exists?: boolean;
  parsed?: Json;
  valid?: boolean;
  hash?: string;
  issues?: { path?: string; message?: string }[];
  warnings?: { path?: string; message?: string }[];
}

/** Stands in the gateway's replies where a secret stands in the file; sent back, it changes nothing. */
export const KEPT_SECRET = "__CARAPACE_REDACTED__";

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function valueAt(tree: Json | undefined, path: readonly string[]): Json | undefined {
  let value = tree;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  // The gateway reads null as not set.
  return value === null ? undefined : value;
}

export function nameOf(path: readonly string[]): string {
  return path.reduce((name, key) => (/^[^.[\]"']+$/.test(key) ? (name ? `${name}.${key}` : key) : `${name}[${JSON.stringify(key)}]`), "");
}
