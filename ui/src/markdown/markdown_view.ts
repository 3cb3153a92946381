import { html, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { PlainElement } from "../elements/plain_element.js";
import { renderBlock } from "./block_view.js";
import { ChunkList } from "./chunk_list.js";

export class MarkdownView extends PlainElement {
  static override properties = { text: { attribute: false } };
  declare text: string;
  private readonly list = new ChunkList();

  constructor() {
    super();
    this.text = "";
  }

  override render(): TemplateResult {
    this.list.update(this.text);
    return html`${this.list.chunks.map((chunk) => guard([chunk], () => renderBlock(chunk.block)))}`;
  }
}

customElements.define("markdown-view", MarkdownView);
