import { html, type TemplateResult } from "lit";
import { PlainElement } from "./plain_element.js";

/** Asks before something is lost. The browser's own modal dialog keeps focus inside and closes on Escape. */
export class ConfirmDialog extends PlainElement {
  static override properties = { heading: { state: true }, text: { state: true }, action: { state: true } };
  declare heading: string;
  declare text: string;
  declare action: string;
  private answer: (yes: boolean) => void = () => undefined;

  constructor() {
    super();
    this.heading = "";
    this.text = "";
    this.action = "OK";
  }

  async ask(title: string, text: string, action: string): Promise<boolean> {
    this.heading = title;
    this.text = text;
    this.action = action;
    await this.updateComplete;
    const dialog = this.querySelector("dialog")!;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => (this.answer = resolve));
  }

  override render(): TemplateResult {
    return html`<dialog class="card" aria-labelledby="confirm-title" aria-describedby="confirm-text" @close=${this.closed}>
      <form method="dialog">
        <h2 id="confirm-title">${this.heading}</h2>
        <p id="confirm-text">${this.text}</p>
        <div class="button-row end">
          <button value="no">Cancel</button>
          <button value="yes" class="danger">${this.action}</button>
        </div>
      </form>
    </dialog>`;
  }

  private closed(event: Event): void {
    this.answer((event.target as HTMLDialogElement).returnValue === "yes");
  }
}

customElements.define("confirm-dialog", ConfirmDialog);
