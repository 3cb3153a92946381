import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { age } from "../age.js";
import { matchesSearch, previewText, sessionTitle } from "../session_title.js";
import type { SessionRow } from "../wire_types.js";
import { icon } from "./icons.js";
import { PlainElement } from "./plain_element.js";

const LABEL_MAX = 64;

/** The sessions with search, rename and delete. Tells its wishes by events; it changes nothing itself. */
export class SessionList extends PlainElement {
  static override properties = {
    rows: { attribute: false },
    openKey: { attribute: false },
    mainKey: { attribute: false },
    disabled: { attribute: false },
    search: { state: true },
    renaming: { state: true },
  };
  declare rows: SessionRow[];
  declare openKey: string;
  declare mainKey: string;
  declare disabled: boolean;
  declare search: string;
  declare renaming: string | null;

  constructor() {
    super();
    this.rows = [];
    this.openKey = "";
    this.mainKey = "";
    this.disabled = false;
    this.search = "";
    this.renaming = null;
  }

  override render(): TemplateResult {
    const shown = this.visibleRows();
    return html`<div class="list-tools">
        <button type="button" class="new-session" ?disabled=${this.disabled} @click=${() => this.tell("new-session")}>
          ${icon("plus")} New chat
        </button>
        <div class="search">
          ${icon("search")}
          <input
            type="search"
            aria-label="Search sessions"
            placeholder="Search"
            .value=${this.search}
            @keydown=${this.searchKey}
            @input=${(event: InputEvent) => (this.search = (event.target as HTMLInputElement).value)}
          />
        </div>
      </div>
      <ul class="sessions" aria-label="Sessions">
        ${repeat(shown, (row) => row.key, (row) => this.renderRow(row))}
      </ul>
      ${shown.length ? nothing : html`<p class="muted small empty-list">No session matches.</p>`}`;
  }

  private visibleRows(): SessionRow[] {
    const rows = this.rows.filter((row) => matchesSearch(row, this.mainKey, this.search));
    if (this.search.trim()) return rows;
    // A session the gateway has not stored yet is still the one being looked at.
    const missing = [this.openKey, this.mainKey].filter((key, index, keys) => key && keys.indexOf(key) === index && !rows.some((row) => row.key === key));
    return [...missing.map((key) => ({ key })), ...rows];
  }

  private renderRow(row: SessionRow): TemplateResult {
    const title = sessionTitle(row, this.mainKey);
    const open = row.key === this.openKey;
    if (this.renaming === row.key) return this.renderRename(row, title);
    const stored = this.rows.includes(row);
    return html`<li class=${open ? "session open" : "session"}>
      <button
        type="button"
        class="session-open"
        aria-current=${open ? "page" : nothing}
        title=${title}
        @click=${() => this.tell("open-session", row.key)}
      >
        <span class="session-head"><span class="session-title">${title}</span>${row.updatedAt ? html`<span class="session-age">${age(row.updatedAt)}</span>` : nothing}</span>
        ${row.lastMessagePreview ? html`<span class="session-preview">${previewText(row.lastMessagePreview)}</span>` : nothing}
      </button>
      <span class="session-actions">
        <button type="button" class="small-button" aria-label=${`Rename ${title}`} title="Rename" ?disabled=${this.disabled} @click=${() => (this.renaming = row.key)}>
          ${icon("pencil")}
        </button>
        ${stored && row.key !== this.mainKey
          ? html`<button type="button" class="small-button" aria-label=${`Delete ${title}`} title="Delete" ?disabled=${this.disabled} @click=${() => this.tell("delete-session", row.key)}>
              ${icon("trash")}
            </button>`
          : nothing}
      </span>
    </li>`;
  }

  private renderRename(row: SessionRow, title: string): TemplateResult {
    return html`<li class="session renaming">
      <form @submit=${(event: SubmitEvent) => this.finishRename(event, row.key)}>
        <input
          class="rename-input"
          aria-label=${`New name for ${title}`}
          maxlength=${LABEL_MAX}
          .value=${row.label ?? title}
          @keydown=${(event: KeyboardEvent) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            this.renaming = null;
          }}
          @blur=${() => (this.renaming = null)}
        />
      </form>
    </li>`;
  }

  protected override updated(changes: PropertyValues<this>): void {
    if (!changes.has("renaming")) return;
    if (this.renaming !== null) this.querySelector<HTMLInputElement>(".rename-input")?.select();
    else if (changes.get("renaming") && document.activeElement === document.body) {
      this.querySelector<HTMLElement>(".session.open .session-open")?.focus();
    }
  }

  /** Escape first empties the search; only then it means what it means elsewhere. */
  private searchKey(event: KeyboardEvent): void {
    if (event.key !== "Escape" || !this.search) return;
    event.preventDefault();
    event.stopPropagation();
    this.search = "";
  }

  private finishRename(event: SubmitEvent, key: string): void {
    event.preventDefault();
    const input = (event.target as HTMLFormElement).querySelector("input");
    const label = input?.value ?? "";
    this.renaming = null;
    this.dispatchEvent(new CustomEvent("rename-session", { detail: { key, label } }));
  }

  private tell(name: string, detail?: string): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

customElements.define("session-list", SessionList);
