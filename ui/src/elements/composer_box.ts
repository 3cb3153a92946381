import { html, type PropertyValues, type TemplateResult } from "lit";
import { icon } from "./icons.js";
import { PlainElement } from "./plain_element.js";

const MAX_HEIGHT = 220;

/** Where messages are written. Each session keeps its own draft. */
export class ComposerBox extends PlainElement {
  static override properties = {
    sessionKey: { attribute: false },
    connected: { attribute: false },
    answering: { attribute: false },
    blank: { state: true },
  };
  declare sessionKey: string;
  declare connected: boolean;
  declare answering: boolean;
  declare blank: boolean;
  /** Takes the text; false when it must stay. */
  submitText: (text: string) => boolean = () => false;
  private drafts = new Map<string, string>();

  constructor() {
    super();
    this.sessionKey = "";
    this.connected = false;
    this.answering = false;
    this.blank = true;
  }

  override render(): TemplateResult {
    return html`<form class="composer" @submit=${this.submit}>
      <label class="visually-hidden" for="message">Message</label>
      <textarea
        id="message"
        rows="1"
        placeholder=${this.connected ? "Message your assistant" : "Not connected. Your text stays here."}
        @input=${this.typed}
        @keydown=${this.key}
      ></textarea>
      <div class="composer-row">
        <span class="composer-hint" aria-hidden="true">Enter sends · Shift+Enter starts a new line</span>
        ${this.answering
          ? html`<button type="button" class="round stop" title="Stop the answer (Esc)" aria-label="Stop the answer" @click=${() => this.dispatchEvent(new CustomEvent("stop-answer"))}>
              ${icon("stop")}
            </button>`
          : ""}
        <button type="submit" class="round primary" title="Send" aria-label="Send" ?disabled=${!this.connected || this.blank}>${icon("send")}</button>
      </div>
    </form>`;
  }

  /** Waits for the first rendering, as the box may have been created just now. */
  async focusText(): Promise<void> {
    await this.updateComplete;
    this.area?.focus();
  }

  protected override updated(changes: PropertyValues<this>): void {
    if (!changes.has("sessionKey")) return;
    const area = this.area;
    if (!area) return;
    const before = changes.get("sessionKey");
    if (before) this.drafts.set(before, area.value);
    this.setText(this.drafts.get(this.sessionKey) ?? (before ? "" : area.value));
  }

  private get area(): HTMLTextAreaElement | null {
    return this.querySelector("textarea");
  }

  private setText(text: string): void {
    const area = this.area;
    if (!area) return;
    area.value = text;
    this.typed();
  }

  private typed(): void {
    const area = this.area!;
    this.blank = !area.value.trim();
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, MAX_HEIGHT)}px`;
  }

  private key(event: KeyboardEvent): void {
    // During input by an IME, Enter picks a word.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.trySubmit();
  }

  private submit(event: SubmitEvent): void {
    event.preventDefault();
    this.trySubmit();
    void this.focusText();
  }

  private trySubmit(): void {
    const text = this.area?.value.trim() ?? "";
    if (text && this.submitText(text)) this.setText("");
  }
}

customElements.define("composer-box", ComposerBox);
