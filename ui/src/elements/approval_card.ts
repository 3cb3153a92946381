import { html, nothing, type TemplateResult } from "lit";
import type { Approval } from "../approval_desk.js";
import { icon } from "./icons.js";
import { PlainElement } from "./plain_element.js";

export class ApprovalCard extends PlainElement {
  static override properties = { approval: { attribute: false }, place: { attribute: false } };
  declare approval: Approval;
  /** Title of the session that asks, when it is not the open one. */
  declare place: string;

  constructor() {
    super();
    this.place = "";
  }

  override render(): TemplateResult {
    const { id, tool, command, reason, cwd, busy, expiresAtMs } = this.approval;
    const until = new Date(expiresAtMs).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    return html`<section class="card approval" aria-label="Approval needed">
      <h3>${icon("shield")} ${tool ? html`<span>The assistant wants to use <code>${tool}</code></span>` : "The assistant wants to run a command"}</h3>
      ${reason ? html`<p>${reason}</p>` : nothing}
      <pre tabindex="0" role="region" aria-label=${tool ? "Arguments" : "Command"}>${command}</pre>
      <p class="muted small">
        ${cwd ? html`in <code>${cwd}</code> · ` : nothing}${this.place ? html`for “${this.place}” · ` : nothing}asks until ${until}
      </p>
      <div class="button-row">
        <button type="button" class="primary" ?disabled=${busy} @click=${() => this.decide(id, "allow-once")}>Allow once</button>
        <button type="button" ?disabled=${busy} @click=${() => this.decide(id, "deny")}>Deny</button>
      </div>
    </section>`;
  }

  private decide(id: string, decision: "allow-once" | "deny"): void {
    this.dispatchEvent(new CustomEvent("decide", { detail: { id, decision } }));
  }
}

customElements.define("approval-card", ApprovalCard);
