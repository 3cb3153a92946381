import { html, nothing, type TemplateResult } from "lit";
import type { Align, Block, ListItem } from "./block_parser.js";
import "./code_block.js";
import { parseInline, type InlineNode } from "./inline_parser.js";

type Rendered = TemplateResult | string | typeof nothing;

/** Text only ever reaches the page through Lit's text bindings, so markup in it stays text. */
export function renderInline(text: string): Rendered[] {
  return parseInline(text).map(renderNode);
}

function renderNode(node: InlineNode): Rendered {
  if (typeof node === "string") return node;
  switch (node.type) {
    case "code":
      return html`<code>${node.text}</code>`;
    case "break":
      return html`<br />`;
    case "em":
      return html`<em>${node.children.map(renderNode)}</em>`;
    case "strong":
      return html`<strong>${node.children.map(renderNode)}</strong>`;
    case "del":
      return html`<del>${node.children.map(renderNode)}</del>`;
    case "link":
      return html`<a href=${node.href} target="_blank" rel="noopener noreferrer">${node.children.map(renderNode)}</a>`;
  }
}

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
      return renderTable(block.header, block.align, block.rows);
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

function renderTable(header: string[], align: Align[], rows: string[][]): TemplateResult {
  const side = (index: number): string => `to-${align[index] ?? "left"}`;
  return html`<div class="table-scroll" tabindex="0" role="region" aria-label="Table">
    <table>
      <thead>
        <tr>
          ${header.map((cell, index) => html`<th scope="col" class=${side(index)}>${renderInline(cell)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => html`<tr>${row.map((cell, index) => html`<td class=${side(index)}>${renderInline(cell)}</td>`)}</tr>`)}
      </tbody>
    </table>
  </div>`;
}
