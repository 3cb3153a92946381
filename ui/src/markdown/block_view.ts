import { html, nothing, type TemplateResult } from "lit";
import type { Block, ListItem } from "./block_parser.js";
import "./code_block.js";
import { renderInline, type Rendered } from "./inline_view.js";
import "./table_view.js";

export function renderBlock(block: Block): TemplateResult {
  switch (block.type) {
    case "paragraph":
      return html`<p>${renderInline(block.text)}</p>`;
    case "heading":
      return renderHeading(block.level, renderInline(block.text));
    case "code":
      return html`<code-block .language=${block.language} .text=${block.text}></code-block>`;
    case "quote":
      return html`<blockquote>${block.blocks.map(renderBlock)}</blockquote>`;
    case "list": {
      const items = block.items.map((item) => renderItem(item));
      return block.ordered ? html`<ol start=${block.start}>${items}</ol>` : html`<ul>${items}</ul>`;
    }
    case "table":
      return html`<table-view .header=${block.header} .align=${block.align} .rows=${block.rows}></table-view>`;
    case "plain":
      return html`<p class="as-written">${block.text}</p>`;
    case "rule":
      return html`<hr />`;
  }
}

/** The page's own headings are of level one and two, so those of an answer begin below. */
function renderHeading(level: number, content: Rendered[]): TemplateResult {
  if (level === 1) return html`<h3 class="h1">${content}</h3>`;
  if (level === 2) return html`<h4 class="h2">${content}</h4>`;
  if (level === 3) return html`<h5 class="h3">${content}</h5>`;
  return html`<h6>${content}</h6>`;
}

function renderItem(item: ListItem): TemplateResult {
  const [first, ...rest] = item.blocks;
  // The first paragraph of an item stands beside its marker.
  const lead = first?.type === "paragraph" ? renderInline(first.text) : first ? renderBlock(first) : nothing;
  const box = item.done === null ? nothing : html`<span class="task" role="img" aria-label=${item.done ? "done" : "open"}>${item.done ? "☑" : "☐"}</span> `;
  return html`<li class=${item.done === null ? "" : "has-task"}>${box}${lead}${rest.map(renderBlock)}</li>`;
}
