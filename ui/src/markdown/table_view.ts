import { html, nothing, type TemplateResult } from "lit";
import { PlainElement } from "../elements/plain_element.js";
import type { Align } from "./block_parser.js";
import { renderInline } from "./inline_view.js";

/** Laying out thousands of rows stops the page for seconds, so the rest waits to be asked for. */
const MOST_ROWS = 500;

export class TableView extends PlainElement {
  static override properties = { header: { attribute: false }, align: { attribute: false }, rows: { attribute: false }, whole: { state: true } };
  declare header: string[];
  declare align: Align[];
  declare rows: string[][];
  declare whole: boolean;

  constructor() {
    super();
    this.header = [];
    this.align = [];
    this.rows = [];
    this.whole = false;
  }

  override render(): TemplateResult {
    const side = (index: number): string => `to-${this.align[index] ?? "left"}`;
    const shown = this.whole ? this.rows : this.rows.slice(0, MOST_ROWS);
    return html`<div class="table-scroll" tabindex="0" role="region" aria-label="Table">
        <table>
          <thead>
            <tr>
              ${this.header.map((cell, index) => html`<th scope="col" class=${side(index)}>${renderInline(cell)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${shown.map((row) => html`<tr>${row.map((cell, index) => html`<td class=${side(index)}>${renderInline(cell)}</td>`)}</tr>`)}
          </tbody>
        </table>
      </div>
      ${shown.length < this.rows.length
        ? html`<button type="button" @click=${() => (this.whole = true)}>Show all ${this.rows.length} rows</button>`
        : nothing}`;
  }
}

customElements.define("table-view", TableView);
