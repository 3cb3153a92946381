import { html, type PropertyValues, type TemplateResult } from "lit";
import { draftOf, keepDraft } from "../storage/draft_store.js";
import { icon } from "./icons.js";
import { PlainElement } from "./plain_element.js";

const MAX_HEIGHT = 220;
const IME_KEY = 229;

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
        enterkeyhint="send"
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
    this.setText(draftOf(this.sessionKey));
  }

  private get area(): HTMLTextAreaElement | null {
    return this.querySelector("textarea");
  }

  /** Puts words in for the person to look at and send. */
  suggest(text: string): void {
    this.setText(text);
    keepDraft(this.sessionKey, text);
    void this.focusText();
  }

  private setText(text: string): void {
    const area = this.area;
    if (!area) return;
    area.value = text;
    this.fit();
  }

  private typed(): void {
    keepDraft(this.sessionKey, this.area!.value);
    this.fit();
  }

  private fit(): void {
    const area = this.area!;
    this.blank = !area.value.trim();
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, MAX_HEIGHT)}px`;
  }

  private key(event: KeyboardEvent): void {
    // During input by an IME, Enter picks a word; Safari tells so by the old code alone.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === IME_KEY) return;
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
    if (!text || !this.submitText(text)) return;
    keepDraft(this.sessionKey, "");
    this.setText("");
  }
}

customElements.define("composer-box", ComposerBox);
