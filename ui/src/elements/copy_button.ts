import { html, type TemplateResult } from "lit";
import { icon } from "./icons.js";
import { PlainElement } from "./plain_element.js";

async function copyText(text: string): Promise<void> {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Over plain http on a LAN address the clipboard API is missing; the old way still works.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("copy refused");
}

export class CopyButton extends PlainElement {
  static override properties = { text: { attribute: false }, label: {}, state: { state: true } };
  declare text: string;
  declare label: string;
  declare state: "idle" | "done" | "failed";

  constructor() {
    super();
    this.text = "";
    this.label = "Copy";
    this.state = "idle";
  }

  override render(): TemplateResult {
    const label = this.state === "done" ? "Copied" : this.state === "failed" ? "Copy failed" : this.label;
    return html`<button type="button" class="small-button" title=${label} aria-label=${label} @click=${this.copy}>
      ${icon(this.state === "done" ? "check" : "copy")}
    </button>`;
  }

  private async copy(): Promise<void> {
    try {
      await copyText(this.text);
      this.state = "done";
    } catch {
      this.state = "failed";
    }
    window.setTimeout(() => (this.state = "idle"), 1600);
  }
}

customElements.define("copy-button", CopyButton);
