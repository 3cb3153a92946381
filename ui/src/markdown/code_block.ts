import { html, type TemplateResult } from "lit";
import "../elements/copy_button.js";
import { PlainElement } from "../elements/plain_element.js";

export class CodeBlock extends PlainElement {
  static override properties = { language: { attribute: false }, text: { attribute: false } };
  declare language: string;
  declare text: string;

  constructor() {
    super();
    this.language = "";
    this.text = "";
  }

  override render(): TemplateResult {
    return html`<div class="code-head">
        <span>${this.language || "text"}</span>
        <copy-button .text=${this.text} label="Copy code"></copy-button>
      </div>
      <pre tabindex="0" role="region" aria-label="Code"><code>${this.text}</code></pre>`;
  }
}

customElements.define("code-block", CodeBlock);
