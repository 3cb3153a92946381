import type { Json } from "./json5.js";
import { isObject, KEPT_SECRET, nameOf, valueAt, type JsonSchema, type SchemaAnswer, type Setting, type SettingMap, type UiHint } from "./setting.js";

export interface SettingList {
  settings: Setting[];
  maps: SettingMap[];
}

/** The keys of the schema, with each map opened to the entries that the file has or the user has begun. */
export function listSettings(answer: SchemaAnswer, file: Json | undefined, begun: readonly string[][]): SettingList {
  const out: SettingList = { settings: [], maps: [] };
  const walk = new Walk(answer.uiHints ?? {}, file, begun, out);
  walk.enter(answer.schema ?? {}, [], []);
  return out;
}

class Walk {
  constructor(
    private readonly hints: Record<string, UiHint>,
    private readonly file: Json | undefined,
    private readonly begun: readonly string[][],
    private readonly out: SettingList,
  ) {}

  /** `pattern` is the path with `*` for names that a user chose, as hints know it. */
  enter(schema: JsonSchema, path: string[], pattern: string[]): void {
    const properties = Object.entries(schema.properties ?? {});
    // A short form of older files (a text where an object is expected) is changed as it stands.
    const here = valueAt(this.file, path);
    if (here !== undefined && !isObject(here) && path.length && (properties.length || schema.additionalProperties)) {
      this.add({ ...schema, type: [], properties: {}, anyOf: [] }, path, pattern);
      return;
    }
    const values = typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
    const opened = values?.properties && path.length > 0;
    if (!properties.length && !opened) {
      if (path.length) this.add(schema, path, pattern);
      return;
    }
    for (const [key, child] of properties) this.enter(child, [...path, key], [...pattern, key]);
    if (opened && values) this.openMap(values, path, pattern, new Set(properties.map(([key]) => key)));
  }

  private openMap(values: JsonSchema, path: string[], pattern: string[], known: Set<string>): void {
    const here = valueAt(this.file, path);
    const names = isObject(here) ? Object.keys(here).filter((key) => !known.has(key) && isObject(here[key])) : [];
    for (const one of this.begun) {
      const name = one.at(-1);
      if (name !== undefined && one.length === path.length + 1 && path.every((key, at) => key === one[at]) && !names.includes(name)) names.push(name);
    }
    const hint = this.hintOf(pattern);
    this.out.maps.push({ path, name: nameOf(path), label: hint.label ?? words(path.at(-1) ?? ""), group: this.groupOf(path, pattern), advanced: this.isAdvanced(pattern), entries: names });
    for (const name of names) this.enter(values, [...path, name], [...pattern, "*"]);
  }

  private add(schema: JsonSchema, path: string[], pattern: string[]): void {
    // What takes everything below it has its hint and its marks there.
    const values = typeof schema.additionalProperties === "object" ? schema.additionalProperties : {};
    const hint = {
      ...(schema.additionalProperties ? this.hintOf([...pattern, "*"]) : {}),
      label: words(path.at(-1) ?? ""),
      ...this.hintOf(pattern),
    };
    const shape = shapeOf(schema);
    const reload = schema["x-reload"] ?? values["x-reload"];
    const value = valueAt(this.file, path);
    const secret = hint.sensitive || value === KEPT_SECRET;
    this.out.settings.push({
      path,
      name: nameOf(path),
      label: hint.label,
      help: hint.help ?? schema.description ?? "",
      group: this.groupOf(path, pattern),
      secret,
      // The gateway takes no secret over the network unless it says so.
      guarded: schema["x-guarded"] ?? values["x-guarded"] ?? secret,
      advanced: hint.advanced ?? false,
      planned: reload === "planned",
      reload: reload === "hot" || reload === "subsystem" || reload === "none" ? reload : "restart",
      part: schema["x-part"] ?? values["x-part"] ?? "",
      fallback: schema.default,
      value,
      ...shape,
    });
  }

  /** Nobody needs what is in it. */
  private isAdvanced(pattern: string[]): boolean {
    const name = pattern.join(".");
    const within = Object.entries(this.hints).filter(([key]) => key === name || key.startsWith(`${name}.`));
    return within.length > 0 && within.every(([, hint]) => hint.advanced);
  }

  private hintOf(pattern: string[]): UiHint {
    const name = pattern.join(".");
    // An account has the keys of its channel.
    return this.hints[name] ?? this.hints[name.replace(".accounts.*", "")] ?? {};
  }

  private groupOf(path: string[], pattern: string[]): string {
    return this.hintOf(pattern).group ?? this.hintOf(pattern.slice(0, 1)).label ?? words(path[0] ?? "");
  }
}

type Shape = Pick<Setting, "kind" | "integer" | "min" | "max" | "choices" | "truth">;

const TRUTH = ["true", "false"];

function shapeOf(schema: JsonSchema): Shape {
  const base = { integer: false, min: null, max: null, choices: [], truth: false };
  const several = schema.anyOf ?? schema.oneOf;
  if (several?.length) return { ...base, ...shapeOfSeveral(several) };
  if (schema.enum?.every((one) => typeof one === "string")) return { ...base, kind: "choice", choices: schema.enum as string[] };
  const types = Array.isArray(schema.type) ? schema.type : schema.type ? [schema.type] : [];
  if (types.length !== 1) return { ...base, kind: "json" };
  const type = types[0];
  if (type === "boolean") return { ...base, kind: "boolean" };
  if (type === "number" || type === "integer") {
    return { ...base, kind: "number", integer: type === "integer", min: schema.minimum ?? null, max: schema.maximum ?? null };
  }
  if (type === "string") return { ...base, kind: "text" };
  if (type === "array") return { ...base, kind: isShort(schema.items) ? "list" : "json" };
  return { ...base, kind: "json" };
}

/** A choice that may also be true or false; a text that may also be a number; one text or a list. */
function shapeOfSeveral(several: JsonSchema[]): Partial<Shape> & { kind: Setting["kind"] } {
  const shapes = several.filter((one) => one.type !== "null").map(shapeOf);
  const only = shapes[0];
  if (shapes.length === 1 && only) return only;
  const choice = shapes.find((one) => one.kind === "choice");
  if (choice && shapes.every((one) => one === choice || one.kind === "boolean")) return { kind: "choice", choices: [...choice.choices, ...TRUTH], truth: true };
  return { kind: "json" };
}

function isShort(items: JsonSchema | JsonSchema[] | undefined): boolean {
  if (!items || Array.isArray(items)) return false;
  const several = items.anyOf ?? items.oneOf ?? [items];
  const simple = ["string", "number", "integer"];
  return several.every((one) => (Array.isArray(one.type) ? one.type : [one.type]).every((type) => simple.includes(type ?? "")));
}

/** chatCompletions → Chat completions */
export function words(key: string): string {
  const spaced = key.replace(/([a-z\d])([A-Z])/g, "$1 $2").replace(/[\s_-]+/g, " ");
  const lower = spaced.replace(/\b[A-Z][a-z]/g, (pair) => pair.toLowerCase());
  return lower.charAt(0).toUpperCase() + lower.slice(1);
}
