import { html, nothing, type TemplateResult } from "lit";
import { parseInline, type InlineNode } from "./inline_parser.js";

export type Rendered = TemplateResult | string | typeof nothing;

/** No paragraph is that long; what is beyond it is shown as it was written. */
const LONGEST_INLINE = 50_000;

/** Text only ever reaches the page through Lit's text bindings, so markup in it stays text. */
export function renderInline(text: string): Rendered[] {
  if (text.length <= LONGEST_INLINE) return parseInline(text).map(renderNode);
  return [...parseInline(text.slice(0, LONGEST_INLINE)).map(renderNode), text.slice(LONGEST_INLINE)];
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
