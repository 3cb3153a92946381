import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { brandMark } from "./icons.js";
import { PlainElement } from "./plain_element.js";

export interface SignInDetail {
  token: string;
  keep: boolean;
}

export class SignInForm extends PlainElement {
  static override properties = { problem: { attribute: false }, busy: { attribute: false } };
  declare problem: string;
  declare busy: boolean;

  constructor() {
    super();
    this.problem = "";
    this.busy = false;
  }

  override render(): TemplateResult {
    return html`<main id="content" class="sign-in">
      <form class="card sign-in-card" method="post" @submit=${this.submit} aria-labelledby="sign-in-title">
        ${brandMark()}
        <h1 id="sign-in-title">Sign in to Carapace</h1>
        <p class="muted">
          Run <code>carapace open</code> on the machine that runs your gateway. It opens this page signed in, or prints a link
          with the token.
        </p>
        ${this.problem ? html`<p class="form-problem" role="alert" id="sign-in-problem">${this.problem}</p>` : nothing}
        <label for="token">Gateway token</label>
        <input
          id="token"
          name="token"
          type="password"
          autocomplete="off"
          autocapitalize="none"
          spellcheck="false"
          required
          aria-invalid=${this.problem ? "true" : "false"}
          aria-describedby=${this.problem ? "sign-in-problem" : nothing}
        />
        <label class="check-row"><input type="checkbox" name="keep" checked /> Stay signed in on this device</label>
        <button type="submit" class="primary" ?disabled=${this.busy}>${this.busy ? "Connecting…" : "Sign in"}</button>
        <p class="muted small">The token is kept in this browser only and is sent to this gateway only.</p>
      </form>
    </main>`;
  }

  protected override firstUpdated(): void {
    this.querySelector<HTMLInputElement>("#token")?.focus();
  }

  protected override updated(changes: PropertyValues<this>): void {
    if (changes.has("problem") && this.problem) this.querySelector<HTMLInputElement>("#token")?.select();
  }

  private submit(event: SubmitEvent): void {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const token = String(data.get("token") ?? "").trim();
    if (!token) return;
    const detail: SignInDetail = { token, keep: data.get("keep") !== null };
    this.dispatchEvent(new CustomEvent<SignInDetail>("sign-in", { detail }));
  }
}

customElements.define("sign-in-form", SignInForm);
