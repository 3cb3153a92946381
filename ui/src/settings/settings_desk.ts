import type { GatewayLink, RequestError } from "../gateway_link.js";
import type { Json } from "./json5.js";
import { isObject, KEPT_SECRET, valueAt, type FileAnswer, type SchemaAnswer, type Setting } from "./setting.js";
import { listSettings, type SettingList } from "./setting_list.js";
import { readText } from "./setting_text.js";

/** What the user typed over a setting. */
export interface Edit {
  path: string[];
  /** null: back to the default. */
  text: string | null;
  /** In the file when the edit began. */
  before: Json | undefined;
}

const STALE = /changed since last load|base hash/i;

/** The form's memory and its dealings with the gateway. What was typed outlives reloads, conflicts and a lost link. */
export class SettingsDesk {
  loaded = false;
  busy = false;
  /** What went wrong, for the whole form. */
  problem = "";
  /** What was done. */
  notice = "";
  file: FileAnswer = {};
  list: SettingList = { settings: [], maps: [] };
  /** By the name of the setting. */
  readonly edits = new Map<string, Edit>();
  readonly problems = new Map<string, string>();
  private schema: SchemaAnswer = {};
  private begun: string[][] = [];
  private removed: string[][] = [];
  /** The patch that takes the last save back. */
  private back: { [key: string]: Json } | null = null;
  /** The problem is that the last look failed. */
  private unread = false;

  constructor(
    private readonly link: GatewayLink,
    private readonly changed: () => void,
  ) {}

  get changes(): number {
    return this.edits.size + this.removed.length;
  }

  /** Asks for the schema once, for the file each time. */
  async load(): Promise<void> {
    try {
      if (!this.schema.schema) this.schema = (await this.link.request<SchemaAnswer>("config.schema")) ?? {};
      this.file = (await this.link.request<FileAnswer>("config.get")) ?? {};
      this.loaded = true;
      if (this.unread) this.problem = "";
      this.unread = false;
      this.relist();
    } catch (error) {
      if (!(error as RequestError).unanswered) {
        this.unread = true;
        this.problem = `The settings could not be read: ${(error as Error).message}`;
      }
    }
    this.changed();
  }

  /** Somebody changed the file. What is typed stays. */
  async fileChanged(hash: string | undefined): Promise<void> {
    if (!this.loaded || this.busy || (hash && hash === this.file.hash)) return;
    if (hash && this.back) {
      this.back = null;
      this.notice = "";
    }
    await this.load();
  }

  edit(setting: Setting, text: string | null): void {
    const before = this.edits.get(setting.name)?.before ?? setting.value;
    this.problems.delete(setting.name);
    this.notice = "";
    if (this.isAsInFile(setting, text)) this.edits.delete(setting.name);
    else this.edits.set(setting.name, { path: setting.path, text, before });
    this.changed();
  }

  /** Another program changed what is being edited here. */
  isContested(setting: Setting): boolean {
    const edit = this.edits.get(setting.name);
    return edit !== undefined && !same(edit.before, setting.value);
  }

  begin(path: string[]): void {
    this.removed = this.removed.filter((one) => !same(one, path));
    if (!this.begun.some((one) => same(one, path))) this.begun.push(path);
    this.relist();
    this.changed();
  }

  remove(path: string[]): void {
    this.begun = this.begun.filter((one) => !same(one, path));
    for (const [name, edit] of this.edits) if (isBelow(edit.path, path)) this.edits.delete(name);
    if (valueAt(this.file.parsed, path) !== undefined) this.removed.push(path);
    this.relist();
    this.changed();
  }

  isRemoved(path: readonly string[]): boolean {
    return this.removed.some((one) => isBelow(path, one));
  }

  isBegun(path: readonly string[]): boolean {
    return this.begun.some((one) => isBelow(path, one));
  }

  discard(): void {
    this.edits.clear();
    this.problems.clear();
    this.removed = [];
    this.begun = [];
    this.problem = this.notice = "";
    this.relist();
    this.changed();
  }

  get edited(): Setting[] {
    return this.list.settings.filter((one) => this.edits.has(one.name));
  }

  /** Settings whose change makes the gateway start anew. */
  get restarting(): Setting[] {
    return this.edited.filter((one) => !one.planned && one.reload === "restart");
  }

  /** Can the last save be taken back? Not once something is typed over it or the file has changed. */
  get canUndo(): boolean {
    return this.back !== null && this.changes === 0;
  }

  async undo(): Promise<void> {
    const { back } = this;
    if (this.busy || !back) return;
    this.back = null;
    await this.send(back, "Taken back.");
  }

  /** Returns true when it was saved. */
  async save(): Promise<boolean> {
    if (this.busy) return false;
    this.problems.clear();
    this.problem = this.notice = "";
    const patch = this.patch();
    if (!patch) {
      this.problem = "Nothing was saved: a field needs another value.";
      this.changed();
      return false;
    }
    const back = this.inverse();
    const restarts = this.restarting.length > 0;
    if (!(await this.send(patch, restarts ? "Saved. The gateway starts anew for it." : "Saved."))) return false;
    this.back = back;
    this.changed();
    return true;
  }

  private async send(patch: { [key: string]: Json }, done: string): Promise<boolean> {
    this.busy = true;
    this.changed();
    try {
      await this.link.request("config.patch", { raw: JSON.stringify(patch), baseHash: this.file.hash, note: "browser app" });
      this.edits.clear();
      this.removed = [];
      this.begun = [];
      this.back = null;
      this.notice = done;
      return true;
    } catch (error) {
      await this.refused(error as RequestError);
      return false;
    } finally {
      // Events of this very change are no news, so it lasts until the file was read again.
      if (this.link.isReady) await this.load();
      this.busy = false;
      this.changed();
    }
  }

  private async refused(error: RequestError): Promise<void> {
    if (error.unanswered) {
      this.problem = "The connection was lost while saving. What you typed is kept; look whether it was saved.";
    } else if (STALE.test(error.message)) {
      this.notice = "The configuration was changed elsewhere meanwhile. What you typed is kept: look at it and save again.";
    } else {
      this.problem = this.placeIssues(error.details) || `Nothing was saved: ${error.message}`;
    }
  }

  /** Puts each issue beside its field; the rest becomes a text for the whole form. */
  private placeIssues(details: unknown): string {
    const issues = (details as { issues?: { path?: string; message?: string }[] } | undefined)?.issues ?? [];
    const rest: string[] = [];
    for (const { path = "", message = "" } of issues) {
      const setting = this.settingAt(path);
      if (setting) this.problems.set(setting.name, setting.name === path ? message : `${path}: ${message}`);
      else rest.push(path ? `${path}: ${message}` : message);
    }
    if (!issues.length) return "";
    return ["Nothing was saved.", ...rest].join(" ");
  }

  /** The edited setting that an issue speaks of: the same key, one around it or one below it. */
  private settingAt(issue: string): Setting | undefined {
    const plain = (name: string): string => name.replace(/\[(?:"((?:[^"\\]|\\.)*)"|(\d+))\]/g, (_, text?: string, index?: string) => `.${text ?? index ?? ""}`);
    const wanted = plain(issue);
    const near = this.list.settings.filter((one) => {
      const name = plain(one.name);
      return wanted === name || wanted.startsWith(`${name}.`) || (wanted !== "" && name.startsWith(`${wanted}.`));
    });
    return near.find((one) => this.edits.has(one.name)) ?? near.find((one) => plain(one.name) === wanted);
  }

  /** A merge patch of all edits; nothing when one of them cannot be read. */
  private patch(): { [key: string]: Json } | null {
    const out: { [key: string]: Json } = {};
    for (const path of this.removed) put(out, path, null);
    for (const setting of this.list.settings) {
      const edit = this.edits.get(setting.name);
      if (!edit) continue;
      const read = edit.text === null ? { value: null } : readText(setting, edit.text);
      if ("problem" in read) this.problems.set(setting.name, read.problem);
      else put(out, setting.path, replacing(setting, read.value));
    }
    return this.problems.size ? null : out;
  }

  /** The patch back; null when something goes that only the gateway knows (a secret). */
  private inverse(): { [key: string]: Json } | null {
    const out: { [key: string]: Json } = {};
    for (const path of this.removed) put(out, path, valueAt(this.file.parsed, path) ?? null);
    for (const setting of this.edited) {
      const text = this.edits.get(setting.name)?.text ?? null;
      const read = text === null ? { value: null } : readText(setting, text);
      if ("problem" in read) return null;
      const old = setting.value ?? null;
      put(out, setting.path, isObject(old) && isObject(read.value) ? replacing({ ...setting, value: read.value }, old) : old);
    }
    return JSON.stringify(out).includes(KEPT_SECRET) ? null : out;
  }

  private isAsInFile(setting: Setting, text: string | null): boolean {
    if (text === null) return setting.value === undefined;
    if (setting.secret) return text === "";
    if (text === "" && setting.value === undefined) return true;
    const read = readText(setting, text);
    return "value" in read && same(read.value, setting.value);
  }

  private relist(): void {
    this.list = listSettings(this.schema, this.file.parsed, this.begun);
  }
}

/** A merge patch cannot take keys out of an object by leaving them out, so they are named with null. */
function replacing(setting: Setting, value: Json): Json {
  if (!isObject(value) || !isObject(setting.value)) return value;
  return { ...Object.fromEntries(Object.keys(setting.value).filter((key) => !Object.hasOwn(value, key)).map((key) => [key, null])), ...nested(value, setting.value) };
}

function nested(value: { [key: string]: Json }, old: { [key: string]: Json }): { [key: string]: Json } {
  const out: { [key: string]: Json } = {};
  for (const [key, child] of Object.entries(value)) {
    const before = old[key];
    if (isObject(child) && isObject(before)) {
      const gone = Object.keys(before).filter((name) => !Object.hasOwn(child, name));
      out[key] = { ...Object.fromEntries(gone.map((name) => [name, null])), ...nested(child, before) };
    } else if (child !== KEPT_SECRET || before !== KEPT_SECRET) out[key] = child;
  }
  return out;
}

function put(tree: { [key: string]: Json }, path: readonly string[], value: Json): void {
  const last = path.at(-1);
  if (last === undefined) return;
  let at = tree;
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(at, key) ? at[key] : undefined;
    const child: { [key: string]: Json } = isObject(next) ? next : {};
    define(at, key, child);
    at = child;
  }
  define(at, last, value);
}

/** `__proto__` is a key like any other. */
function define(object: { [key: string]: Json }, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

function isBelow(path: readonly string[], around: readonly string[]): boolean {
  return around.every((key, at) => key === path[at]);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, child]) => [key, sorted(child)]));
}
