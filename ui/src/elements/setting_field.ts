import { html, nothing, type TemplateResult } from "lit";
import "./copy_button.js";
import { boundsText, reloadText, textOf } from "../settings/setting_text.js";
import type { Edit } from "../settings/settings_desk.js";
import type { Setting } from "../settings/setting.js";
import { PlainElement } from "./plain_element.js";

/** One setting: its label, the control of its type, what it does, and what is wrong with it. */
export class SettingField extends PlainElement {
  static override properties = {
    setting: { attribute: false },
    edit: { attribute: false },
    problem: { attribute: false },
    contested: { attribute: false },
    disabled: { attribute: false },
  };
  declare setting: Setting;
  declare edit: Edit | undefined;
  declare problem: string;
  /** Somebody else changed it meanwhile. */
  declare contested: boolean;
  declare disabled: boolean;

  override render(): TemplateResult {
    const { setting, edit } = this;
    const id = fieldId(setting);
    const isSet = edit ? edit.text !== null : setting.value !== undefined;
    const state = edit ? (edit.text === null ? "will be reset" : "changed") : "";
    return html`<div class=${["setting", edit ? "edited" : "", this.problem ? "wrong" : ""].join(" ")}>
      <div class="setting-head">
        <label for=${id}>${setting.label}</label>
        <code class="setting-name">${setting.name}</code>
        ${state ? html`<span class="setting-state">${state}</span>` : nothing}
        ${edit
          ? html`<button type="button" class="link-button" aria-label=${`Undo the change of ${setting.label}`} @click=${() => this.tell("undo-setting")}>Undo</button>`
          : isSet && !setting.guarded
            ? html`<button type="button" class="link-button" aria-label=${`Reset ${setting.label} to its default`} ?disabled=${this.disabled} @click=${() => this.tell("reset-setting")}>Reset</button>`
            : nothing}
      </div>
      ${this.renderControl(id)}
      ${this.problem ? html`<p class="setting-problem" id="${id}-problem">${this.problem}</p>` : nothing}
      ${this.contested
        ? html`<p class="setting-contested" id="${id}-contested">Changed elsewhere meanwhile. In the file now: <code>${this.inFile}</code></p>`
        : nothing}
      <p class="setting-help" id="${id}-help">${this.helpText()}</p>
    </div>`;
  }

  private renderControl(id: string): TemplateResult {
    const { setting } = this;
    if (setting.guarded) return this.renderGuarded(id);
    if (setting.kind === "boolean") return this.renderSelect(id, ["true", "false"], (one) => (one === "true" ? "On" : "Off"));
    if (setting.kind === "choice") return this.renderSelect(id, setting.choices, (one) => (setting.truth && one === "true" ? "On" : setting.truth && one === "false" ? "Off" : one));
    if (setting.secret) return this.renderSecret(id);
    if (setting.kind === "list" || setting.kind === "json") return this.renderArea(id);
    return html`<input
      id=${id}
      type="text"
      dir="auto"
      inputmode=${setting.kind === "number" ? "decimal" : nothing}
      autocomplete="off"
      autocapitalize="none"
      spellcheck="false"
      placeholder=${this.standard}
      .value=${this.shown}
      ?disabled=${this.disabled}
      aria-describedby=${this.describedBy(id)}
      aria-invalid=${this.problem ? "true" : "false"}
      @input=${this.typed}
    />`;
  }

  private renderGuarded(id: string): TemplateResult {
    const { setting } = this;
    const value = setting.value === undefined ? "not set" : setting.secret ? "set" : textOf(setting, setting.value);
    const place = `carapace config set ${/^[\w.-]+$/.test(setting.name) ? setting.name : `'${setting.name.replaceAll("'", "'\\''")}'`} ${setting.secret ? "-" : "VALUE"}`;
    return html`<div class="guarded">
      <input id=${id} type="text" readonly .value=${value} aria-describedby=${`${id}-guard ${this.describedBy(id)}`} />
      <div class="setting-guard">
        <span id="${id}-guard">Only on the gateway's own machine: <code>${place}</code></span>
        <copy-button .text=${place} label=${`Copy the command for ${setting.label}`}></copy-button>
      </div>
    </div>`;
  }

  /** What is stored is never shown; what is typed replaces it. */
  private renderSecret(id: string): TemplateResult {
    return html`<input
      id=${id}
      type="password"
      autocomplete="new-password"
      autocapitalize="none"
      spellcheck="false"
      placeholder=${this.setting.value === undefined || this.edit?.text === null ? "not set" : "set – type to replace it"}
      .value=${this.edit?.text ?? ""}
      ?disabled=${this.disabled}
      aria-describedby=${this.describedBy(id)}
      aria-invalid=${this.problem ? "true" : "false"}
      @input=${this.typed}
    />`;
  }

  private renderSelect(id: string, choices: string[], label: (choice: string) => string): TemplateResult {
    const shown = this.shown;
    const fallback = this.setting.fallback;
    const standard = fallback === undefined ? "Default" : `Default (${label(String(fallback))})`;
    // A reference, or what only an older version knew.
    const options = shown === "" || choices.includes(shown) ? choices : [...choices, shown];
    return html`<select
      id=${id}
      ?disabled=${this.disabled}
      aria-describedby=${this.describedBy(id)}
      aria-invalid=${this.problem ? "true" : "false"}
      @change=${(event: Event) => {
        const value = (event.target as HTMLSelectElement).value;
        this.tell(value === "" ? "reset-setting" : "edit-setting", value);
      }}
    >
      <option value="" ?selected=${shown === ""}>${standard}</option>
      ${options.map((one) => html`<option .value=${one} ?selected=${one === shown}>${choices.includes(one) ? label(one) : one}</option>`)}
    </select>`;
  }

  private renderArea(id: string): TemplateResult {
    const shown = this.shown;
    return html`<textarea
      id=${id}
      dir=${this.setting.kind === "json" ? nothing : "auto"}
      class=${this.setting.kind === "json" ? "code" : ""}
      rows=${Math.min(Math.max(shown.split("\n").length, this.setting.kind === "json" ? 3 : 2), 14)}
      autocapitalize="none"
      spellcheck="false"
      placeholder=${this.standard}
      .value=${shown}
      ?disabled=${this.disabled}
      aria-describedby=${this.describedBy(id)}
      aria-invalid=${this.problem ? "true" : "false"}
      @input=${this.typed}
    ></textarea>`;
  }

  protected override updated(): void {
    // The selected attribute only sets the first choice; afterwards the property counts.
    const select = this.querySelector("select");
    if (select && select.value !== this.shown) select.value = this.shown;
  }

  private get shown(): string {
    return this.edit ? (this.edit.text ?? "") : textOf(this.setting, this.setting.value);
  }

  private get standard(): string {
    return this.setting.fallback === undefined ? "not set" : textOf(this.setting, this.setting.fallback);
  }

  private get inFile(): string {
    const { setting } = this;
    if (setting.value === undefined) return "not set";
    return setting.secret ? "another secret" : textOf(setting, setting.value);
  }

  private helpText(): string {
    const { setting } = this;
    const bounds = setting.kind === "number" ? boundsText(setting) : "";
    const form = setting.kind === "list" ? "one a line" : setting.kind === "json" ? "JSON5" : "";
    const more = [form, bounds, reloadText(setting)].filter(Boolean).join("; ");
    return [setting.help, more ? `${more.charAt(0).toUpperCase()}${more.slice(1)}.` : ""].filter(Boolean).join(" ");
  }

  private describedBy(id: string): string {
    return [this.problem ? `${id}-problem` : "", this.contested ? `${id}-contested` : "", `${id}-help`].filter(Boolean).join(" ");
  }

  private readonly typed = (event: Event): void => {
    const { value } = event.target as HTMLInputElement | HTMLTextAreaElement;
    // An empty field of what has no empty value means: the default.
    const isReset = value === "" && !this.setting.secret && (this.setting.kind !== "text" || this.setting.value === undefined);
    this.tell(isReset ? "reset-setting" : "edit-setting", value);
  };

  private tell(name: string, detail = ""): void {
    this.dispatchEvent(new CustomEvent<string>(name, { detail }));
  }
}

export function fieldId(setting: Setting): string {
  return `setting-${setting.name.replace(/[^\w-]/g, (character) => `_${character.codePointAt(0)!.toString(16)}_`)}`;
}

customElements.define("setting-field", SettingField);
