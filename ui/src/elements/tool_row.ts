import { html, nothing, type TemplateResult } from "lit";
import { pretty, prettyJson, type ToolEntry } from "../chat_entry.js";
import { icon } from "./icons.js";
import { PlainElement } from "./plain_element.js";

/** Arguments that say best what a call is about. */
const TELLING = ["command", "path", "file_path", "url", "query", "pattern", "message", "action", "name"];
const SHOWN_OUTPUT = 20_000;

function summary(args: unknown): string {
  if (!args || typeof args !== "object") return "";
  const fields = args as Record<string, unknown>;
  const key = TELLING.find((name) => typeof fields[name] === "string" && fields[name]) ?? Object.keys(fields).find((name) => typeof fields[name] === "string");
  return key ? String(fields[key]).replace(/\s+/g, " ").slice(0, 140) : "";
}

export class ToolRow extends PlainElement {
  static override properties = { entry: { attribute: false } };
  declare entry: ToolEntry;

  override render(): TemplateResult {
    const { name, args, output, failed, running } = this.entry;
    const state = running ? "running" : failed ? "failed" : "done";
    const hasArgs = args && typeof args === "object" && Object.keys(args).length > 0;
    return html`<details class="quiet-row tool ${state}">
      <summary>
        ${icon("tool")}<span class="tool-name">${name}</span><span class="tool-summary">${summary(args)}</span>
        <span class="tool-state">${running ? "running…" : failed ? "failed" : ""}</span>${icon("chevron")}
      </summary>
      <div class="quiet-body">
        ${hasArgs ? html`<pre tabindex="0" role="region" aria-label="Arguments">${pretty(args)}</pre>` : nothing}
        ${output ? html`<pre tabindex="0" role="region" aria-label="Result">${clip(output.length > SHOWN_OUTPUT ? output : prettyJson(output))}</pre>` : nothing}
        ${!hasArgs && !output ? html`<p class="muted small">${running ? "Waiting for the result." : "No output."}</p>` : nothing}
      </div>
    </details>`;
  }
}

function clip(text: string): string {
  return text.length > SHOWN_OUTPUT ? `${text.slice(0, SHOWN_OUTPUT)}\n… ${text.length - SHOWN_OUTPUT} more characters` : text;
}

customElements.define("tool-row", ToolRow);
