import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { PlainElement } from "../elements/plain_element.js";
import { renderBlock } from "./block_view.js";
import { ChunkList } from "./chunk_list.js";

/** Many times what an answer has. More elements than this would stop the page for seconds. */
const MOST_BLOCKS = 1000;

export class MarkdownView extends PlainElement {
  static override properties = { text: { attribute: false }, whole: { state: true } };
  declare text: string;
  /** The reader wants to see what is beyond the bound, too. */
  declare whole: boolean;
  private readonly list = new ChunkList();

  constructor() {
    super();
    this.text = "";
    this.whole = false;
  }

  override render(): TemplateResult {
    this.list.update(this.text);
    const { chunks } = this.list;
    const shown = this.whole ? chunks : chunks.slice(0, MOST_BLOCKS);
    return html`${shown.map((chunk) => guard([chunk], () => renderBlock(chunk.block)))}${shown.length < chunks.length
      ? html`<p><button type="button" @click=${() => (this.whole = true)}>Show the rest (${chunks.length - shown.length} more parts)</button></p>`
      : nothing}`;
  }
}

customElements.define("markdown-view", MarkdownView);
