import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Setting, SettingMap } from "../settings/setting.js";
import { SettingsDesk } from "../settings/settings_desk.js";
import "../styles/settings.css";
import type { ConfirmDialog } from "./confirm_dialog.js";
import { icon } from "./icons.js";
import { PlainElement } from "./plain_element.js";
import "./setting_field.js";
import { fieldId } from "./setting_field.js";
import { planText } from "../settings/setting_text.js";

// One import brings the whole form.
export { SettingsDesk };

/** What the file sets; what this gateway uses as well; keys of other versions too. */
type Shown = "set" | "used" | "all";
/** Fields of one group that are drawn; thousands make a browser stand still. */
const MOST_FIELDS = 150;
const SHOWN: Record<Shown, string> = { set: "What is set", used: "What this gateway uses", all: "Everything" };

interface Group {
  name: string;
  settings: Setting[];
  maps: SettingMap[];
}

/** The configuration as a form: made from the gateway's schema, so that it knows every key without naming one. */
export class SettingsPage extends PlainElement {
  static override properties = {
    desk: { attribute: false },
    connected: { attribute: false },
    revision: { attribute: false },
    search: { state: true },
    shown: { state: true },
    opened: { state: true },
  };
  declare desk: SettingsDesk;
  declare connected: boolean;
  /** Counts up when the desk changed, since its identity does not. */
  declare revision: number;
  declare search: string;
  declare shown: Shown;
  declare opened: ReadonlySet<string>;

  constructor() {
    super();
    this.connected = false;
    this.revision = 0;
    this.search = "";
    this.shown = "used";
    this.opened = new Set();
  }

  override render(): TemplateResult {
    const { desk } = this;
    if (!desk.loaded) {
      return html`<div class="settings-wait">${desk.problem ? html`<p class="form-problem" role="alert">${desk.problem}</p>` : html`<p class="muted" role="status">Reading the settings…</p>`}</div>`;
    }
    const groups = this.groups();
    return html`<form class="settings" novalidate aria-label="Settings" @submit=${this.submit} @keydown=${this.keys}>
      <div class="settings-scroll" tabindex="-1">
        <div class="settings-inner">
          ${this.renderTools()}
          <p class="muted small settings-file">${desk.file.exists ? "From" : "There is no file yet. Saving makes"} <code>${desk.file.path}</code></p>
          ${this.renderFileNotes()}
          ${groups.length ? repeat(groups, (group) => group.name, (group) => this.renderGroup(group)) : this.renderNothing()}
        </div>
      </div>
      ${this.renderFoot()}
    </form>`;
  }

  private renderTools(): TemplateResult {
    return html`<div class="settings-tools">
      <div class="search">
        ${icon("search")}<input
          type="search"
          aria-label="Search settings"
          placeholder="Search all settings"
          .value=${this.search}
          @input=${(event: Event) => (this.search = (event.target as HTMLInputElement).value)}
          @keydown=${this.searchKey}
        />
      </div>
      <div class="settings-shown">
        <label for="settings-shown">Show</label>
        <select id="settings-shown" @change=${(event: Event) => (this.shown = (event.target as HTMLSelectElement).value as Shown)}>
          ${Object.entries(SHOWN).map(([key, label]) => html`<option value=${key} ?selected=${key === this.shown}>${label}</option>`)}
        </select>
      </div>
    </div>`;
  }

  /** What is wrong with the file itself, and keys in it that no field stands for. */
  private renderFileNotes(): TemplateResult {
    const { file } = this.desk;
    const broken = file.valid === false ? notes(file.issues) : [];
    const odd = notes(file.warnings);
    return html`${file.valid === false
      ? html`<div class="form-problem settings-notes"><p>The file cannot be used as it is, so nothing can be saved here. The last good one is in force.</p>${noteList(broken)}</div>`
      : nothing}
    ${odd.length ? html`<details class="settings-notes"><summary>${odd.length === 1 ? "One note" : `${odd.length} notes`} about the file</summary>${noteList(odd)}</details>` : nothing}`;
  }

  private renderNothing(): TemplateResult {
    return html`<p class="muted settings-none">${this.search ? "No setting matches." : this.desk.file.valid === false ? "What the file sets is shown once it can be read." : "Nothing is set: everything has its default."}</p>`;
  }

  private renderGroup(group: Group): TemplateResult {
    const id = `group-${group.name.replace(/\W/g, "_")}`;
    const edited = group.settings.filter((one) => this.desk.edits.has(one.name)).length;
    return html`<details class="settings-group" ?open=${this.isOpen(group.name)} @toggle=${(event: Event) => this.toggled(group.name, (event.target as HTMLDetailsElement).open)}>
      <summary id=${id}>
        <h3>${group.name}</h3>
        <span class="muted small">${edited ? html`<strong>${edited} changed</strong>, ` : nothing}${this.countText(group)}</span>
        ${icon("chevron")}
      </summary>
      ${this.isOpen(group.name)
        ? html`<div class="settings-fields" role="group" aria-labelledby=${id}>
            ${this.renderFields(group)}
          </div>`
        : nothing}
    </details>`;
  }

  private renderFields({ settings, maps }: Group): TemplateResult {
    // What is being changed is never left out.
    const drawn = settings.filter((one, at) => at < MOST_FIELDS || this.desk.edits.has(one.name) || this.desk.problems.has(one.name));
    const more = settings.length - drawn.length;
    return html`${repeat(drawn, (one) => one.name, (one) => this.renderSetting(one))}
      ${more ? html`<p class="muted small settings-more">${more} more. Search for a name to see them.</p>` : nothing}
      ${maps.map((one) => this.renderMap(one))}`;
  }

  private renderSetting(setting: Setting): TemplateResult {
    const { desk } = this;
    return html`<setting-field
      .setting=${setting}
      .edit=${desk.edits.get(setting.name)}
      .problem=${desk.problems.get(setting.name) ?? ""}
      .contested=${desk.isContested(setting)}
      .disabled=${desk.busy}
      @edit-setting=${(event: CustomEvent<string>) => desk.edit(setting, event.detail)}
      @reset-setting=${() => desk.edit(setting, null)}
      @undo-setting=${(event: Event) => this.undo(setting, event)}
    ></setting-field>`;
  }

  private renderMap(map: SettingMap): TemplateResult {
    const entries = map.entries.filter((entry) => !this.desk.isRemoved([...map.path, entry]));
    const id = `map-${map.name.replace(/\W/g, "_")}`;
    return html`<fieldset class="settings-map">
      <legend>${map.label} <code class="setting-name">${map.name}</code></legend>
      ${entries.map(
        (entry) => html`<span class="map-entry">${entry}
          <button type="button" class="small-button" aria-label=${`Remove ${entry} from ${map.label}`} title="Remove" ?disabled=${this.desk.busy} @click=${() => this.removeEntry(map, entry)}>${icon("trash")}</button>
        </span>`,
      )}
      <div class="map-add">
        <label class="visually-hidden" for=${id}>Name of a new entry of ${map.label}</label>
        <input id=${id} type="text" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="Name of a new entry" @keydown=${(event: KeyboardEvent) => event.key === "Enter" && this.addEntry(event, map)} />
        <button type="button" ?disabled=${this.desk.busy} @click=${(event: Event) => this.addEntry(event, map)}>${icon("plus")} Add</button>
      </div>
    </fieldset>`;
  }

  private renderFoot(): TemplateResult {
    const { desk } = this;
    const { changes } = desk;
    return html`<div class="settings-foot">
      <div class=${["settings-said", desk.problem || desk.notice || changes ? "" : "silent"].join(" ").trim()} role="status" aria-live="polite">
        ${desk.problem ? html`<p class="form-problem">${desk.problem}</p>` : nothing}
        ${desk.notice
          ? html`<p class="settings-notice">${desk.notice} ${desk.canUndo ? html`<button type="button" class="link-button" ?disabled=${desk.busy} @click=${() => void desk.undo()}>Undo it</button>` : nothing}</p>`
          : nothing}
        ${changes
          ? html`<p class="small">${changes === 1 ? "1 change" : `${changes} changes`}${desk.edits.size ? ` – ${planText(desk.edited)}` : ""}</p>`
          : nothing}
      </div>
      <div class="button-row end">
        <button type="button" ?disabled=${!changes || desk.busy} @click=${() => desk.discard()}>Discard</button>
        <button type="submit" class="primary" ?disabled=${!changes || desk.busy || !this.connected}>${desk.busy ? "Saving…" : "Save"}</button>
      </div>
    </div>`;
  }

  /** What is shown, by group. A search looks at everything. */
  private groups(): Group[] {
    const { desk } = this;
    const wanted = this.search.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const found = new Map<string, Group>();
    const groupOf = (name: string): Group => {
      const group = found.get(name) ?? { name, settings: [], maps: [] };
      found.set(name, group);
      return group;
    };
    for (const setting of desk.list.settings) {
      if (desk.isRemoved(setting.path)) continue;
      const isSet = setting.value !== undefined || desk.edits.has(setting.name) || desk.problems.has(setting.name) || desk.isBegun(setting.path);
      const isShown = isSet || this.shown === "all" || (this.shown === "used" && !setting.advanced);
      if (wanted.length ? matches(setting, wanted) : isShown) groupOf(setting.group).settings.push(setting);
    }
    for (const map of desk.list.maps) {
      const isShown = map.entries.length || this.shown === "all" || (this.shown === "used" && !map.advanced);
      if (wanted.length ? wanted.every((word) => map.name.toLowerCase().includes(word)) : isShown) groupOf(map.group).maps.push(map);
    }
    return [...found.values()];
  }

  private countText({ settings }: Group): string {
    const set = settings.filter((one) => one.value !== undefined).length;
    return this.shown === "set" || !set ? `${settings.length}` : `${set} of ${settings.length} set`;
  }

  /** A long list is opened by hand, group by group; what was found or is set lies open. */
  private isOpen(name: string): boolean {
    return this.opened.has(name) !== (this.shown === "set" || this.search.trim() !== "");
  }

  private toggled(name: string, open: boolean): void {
    if (open === this.isOpen(name)) return;
    const opened = new Set(this.opened);
    if (opened.has(name)) opened.delete(name);
    else opened.add(name);
    this.opened = opened;
  }

  protected override willUpdate(changes: PropertyValues<this>): void {
    // What was opened or closed by hand meant the other way of showing.
    if (changes.has("shown") || (changes.has("search") && Boolean(changes.get("search")) !== Boolean(this.search))) this.opened = new Set();
  }

  private undo(setting: Setting, event: Event): void {
    this.desk.edits.delete(setting.name);
    this.desk.problems.delete(setting.name);
    this.requestUpdate();
    // The button goes; focus stays with its field.
    (event.target as HTMLElement).querySelector<HTMLElement>("input, select, textarea")?.focus();
  }

  private addEntry(event: Event, map: SettingMap): void {
    event.preventDefault();
    const input = (event.currentTarget as HTMLElement).closest(".map-add")?.querySelector("input");
    const name = input?.value.trim() ?? "";
    if (!input || !name) return;
    input.value = "";
    this.desk.begin([...map.path, name]);
    void this.updateComplete.then(() => {
      const first = this.desk.list.settings.find((one) => one.path.length > map.path.length && one.path[map.path.length] === name && map.path.every((key, at) => key === one.path[at]));
      if (first) document.getElementById(fieldId(first))?.focus();
    });
  }

  private async removeEntry(map: SettingMap, entry: string): Promise<void> {
    const dialog = document.querySelector<ConfirmDialog>("confirm-dialog");
    const sure = await dialog?.ask(`Remove ${entry}?`, `“${entry}” goes from ${map.name} with all its settings when you save.`, "Remove");
    if (sure) this.desk.remove([...map.path, entry]);
  }

  private async submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (!this.connected || !this.desk.changes) return;
    const saved = await this.desk.save();
    await this.updateComplete;
    if (saved) return;
    const wrong = this.desk.list.settings.find((one) => this.desk.problems.has(one.name));
    if (!wrong) return;
    if (!this.isOpen(wrong.group)) this.toggled(wrong.group, true);
    await this.updateComplete;
    document.getElementById(fieldId(wrong))?.focus();
  }

  private readonly keys = (event: KeyboardEvent): void => {
    if (event.key === "s" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.querySelector("form")?.requestSubmit();
    } else if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
      // A slip of the key must not save half of a change.
      event.preventDefault();
    }
  };

  private readonly searchKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !this.search) return;
    event.preventDefault();
    event.stopPropagation();
    this.search = "";
  };
}

type Notes = { path?: string; message?: string }[] | undefined;

function notes(from: Notes): string[] {
  return (Array.isArray(from) ? from : []).map(({ path, message }) => [path, message].filter(Boolean).join(": "));
}

function noteList(texts: string[]): TemplateResult {
  const more = texts.length - 20;
  return html`<ul>${texts.slice(0, 20).map((one) => html`<li>${one}</li>`)}${more > 0 ? html`<li>and ${more} more</li>` : nothing}</ul>`;
}

function matches(setting: Setting, words: string[]): boolean {
  const text = `${setting.name} ${setting.label} ${setting.help}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

customElements.define("settings-page", SettingsPage);
