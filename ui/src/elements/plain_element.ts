import { LitElement } from "lit";

/**
 * A Lit element without a shadow root: labels, headings and styles work across elements as in one page, and all
 * styles live in the style sheets.
 */
export class PlainElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
