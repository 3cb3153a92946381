import { html, nothing, type LitElement, type PropertyValues, type TemplateResult } from "lit";
import { ChatClient, type Phase } from "../chat_client.js";
import { issueText } from "../config_state.js";
import { sessionTitle } from "../session_title.js";
import type { SettingsDesk } from "../settings/settings_desk.js";
import { currentTheme, startTheme, toggleTheme } from "../theme.js";
import "./chat_log.js";
import type { ChatLog } from "./chat_log.js";
import "./composer_box.js";
import type { ComposerBox } from "./composer_box.js";
import "./confirm_dialog.js";
import type { ConfirmDialog } from "./confirm_dialog.js";
import { brandMark, icon } from "./icons.js";
import "./model_picker.js";
import { PlainElement } from "./plain_element.js";
import "./session_list.js";
import "./sign_in_form.js";
import type { SignInDetail } from "./sign_in_form.js";

const PHASE_TEXT: Record<Phase, string> = {
  "signed-out": "Signed out",
  connecting: "Connecting…",
  online: "Connected",
  offline: "Reconnecting…",
  restarting: "Gateway is restarting…",
};
const STARTERS = ["What can you do for me?", "Which tools can you use?", "Read a web page and sum it up: "];
const GUIDE_STARTERS = ["How do I set a provider key?", "How do I use a local model?", "What can Carapace do?"];
/** Updates are drawn with the next frame, or after this pause in a hidden tab, where frames do not come. */
const HIDDEN_PAUSE_MS = 120;

export class AssistantApp extends PlainElement {
  static override properties = { drawer: { state: true }, showsSettings: { state: true } };
  declare drawer: boolean;
  declare showsSettings: boolean;
  /** Made when the settings are opened first; what was typed there is kept while one looks at a chat. */
  private settings: SettingsDesk | null = null;
  private revision = 0;
  private readonly client = new ChatClient(() => this.redrawSoon());
  private redraw = 0;
  private greeted = false;
  private readonly narrow = window.matchMedia("(max-width: 800px)");

  constructor() {
    super();
    this.drawer = false;
    this.showsSettings = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    startTheme(() => this.requestUpdate());
    this.narrow.addEventListener("change", () => this.requestUpdate());
    document.addEventListener("keydown", (event) => this.escape(event));
    window.addEventListener("beforeunload", (event) => {
      if (this.settings?.changes) event.preventDefault();
    });
    this.client.onConfigChanged = (hash) => void this.settings?.fileChanged(hash);
    this.client.start();
  }

  override render(): TemplateResult {
    return html`${this.isOut ? this.renderSignIn() : this.renderChat()}
      <div class="visually-hidden" role="status" aria-live="polite" aria-atomic="true">${this.client.announcement}</div>
      <confirm-dialog></confirm-dialog>`;
  }

  /** The form stays while its token is being tried. */
  private get isOut(): boolean {
    return this.client.phase === "signed-out" || (this.client.phase === "connecting" && this.client.signingIn);
  }

  private renderSignIn(): TemplateResult {
    return html`<sign-in-form
      .problem=${this.client.problem}
      .busy=${this.client.phase === "connecting"}
      @sign-in=${(event: CustomEvent<SignInDetail>) => this.client.signIn(event.detail.token, event.detail.keep)}
    ></sign-in-form>`;
  }

  private renderChat(): TemplateResult {
    const { client } = this;
    const connected = client.phase === "online";
    const answering = Boolean(client.conversation?.activeRun) && connected;
    const hidden = this.narrow.matches && !this.drawer;
    const skipTo = this.showsSettings ? "Skip to the settings" : "Skip to the message box";
    return html`<a class="skip-link" href=${this.showsSettings ? "#settings" : "#message"} @click=${this.skip}>${skipTo}</a>
      <div class="layout">
        <aside id="sessions" class=${this.drawer ? "sidebar shown" : "sidebar"} aria-label="Sessions" ?inert=${hidden}>
          <div class="brand">
            ${brandMark()}<h1>Carapace</h1>
            <button type="button" class="small-button drawer-close" aria-label="Close the session list" @click=${() => this.closeDrawer()}>${icon("close")}</button>
          </div>
          <session-list
            .rows=${client.book.rows}
            .openKey=${this.showsSettings ? "" : client.openKey}
            .mainKey=${client.book.mainKey}
            .disabled=${!connected}
            @new-session=${this.newSession}
            @open-session=${(event: CustomEvent<string>) => this.open(event.detail)}
            @rename-session=${(event: CustomEvent<{ key: string; label: string }>) => client.rename(event.detail.key, event.detail.label)}
            @delete-session=${(event: CustomEvent<string>) => this.removeSession(event.detail)}
          ></session-list>
          <div class="sidebar-foot">
            <button type="button" class="foot-button" aria-current=${this.showsSettings ? "page" : nothing} @click=${() => void this.openSettings()}>${icon("sliders")} Settings</button>
            <button type="button" class="foot-button" @click=${() => this.signOut()}>${icon("leave")} Sign out</button>
            ${client.gatewayVersion ? html`<span class="muted small">v${client.gatewayVersion}</span>` : nothing}
          </div>
        </aside>
        ${this.drawer ? html`<div class="scrim" @click=${() => this.closeDrawer()}></div>` : nothing}
        <main id="content" class="stage" ?inert=${this.narrow.matches && this.drawer}>
          ${this.renderHeader(connected)} ${this.renderConfigBanner()} ${this.renderBanner()}
          ${this.showsSettings && this.settings ? this.renderSettings(connected) : this.renderConversation(connected, answering)}
        </main>
      </div>`;
  }

  private renderConversation(connected: boolean, answering: boolean): TemplateResult {
    const { client } = this;
    return html`<chat-log
        .rows=${client.rows}
        .sessionKey=${client.openKey}
        .answering=${answering}
        .loaded=${client.conversation?.loaded ?? false}
        .connected=${connected}
        .approvals=${client.approvals.waiting}
        .earlier=${client.conversation?.earlier ?? "none"}
        .starters=${this.onGuide ? GUIDE_STARTERS : STARTERS}
        @suggest=${(event: CustomEvent<string>) => this.composer?.suggest(event.detail)}
        @load-earlier=${() => client.loadEarlier()}
        .placeOf=${(key: string) => sessionTitle(client.book.rowOrNew(key), client.book.mainKey)}
        @retry-answer=${(event: CustomEvent<string>) => client.retryAnswer(event.detail)}
        @resend=${(event: CustomEvent<string>) => client.resend(event.detail)}
        @discard=${(event: CustomEvent<string>) => client.discard(event.detail)}
        @decide=${(event: CustomEvent<{ id: string; decision: "allow-once" | "deny" }>) => client.decide(event.detail.id, event.detail.decision)}
      ></chat-log>
      ${this.renderToast()}
      <composer-box
        .sessionKey=${client.openKey}
        .connected=${connected}
        .answering=${answering}
        .submitText=${(text: string) => this.submit(text)}
        @stop-answer=${() => this.stop()}
      ></composer-box>`;
  }

  private renderToast(): TemplateResult | typeof nothing {
    const { client } = this;
    if (!client.toast) return nothing;
    return html`<div class="toast"><span>${client.toast}</span><button type="button" class="small-button" aria-label="Dismiss" @click=${() => client.dismissToast()}>${icon("close")}</button></div>`;
  }

  private renderSettings(connected: boolean): TemplateResult {
    const { waiting } = this.client.approvals;
    return html`${waiting.length
        ? html`<div class="banner" role="note">
            ${icon("shield")}<p>A tool waits for your word. <button type="button" class="link-button" @click=${() => this.toChat()}>Look at it</button></p>
          </div>`
        : nothing}
      ${this.renderToast()}
      <settings-page id="settings" .desk=${this.settings} .revision=${this.revision} .connected=${connected}></settings-page>`;
  }

  private renderHeader(connected: boolean): TemplateResult {
    const { client } = this;
    const title = this.openTitle();
    const dark = currentTheme() === "dark";
    const themeLabel = dark ? "Use the light theme" : "Use the dark theme";
    return html`<header class="topbar">
      <button type="button" class="small-button drawer-open" aria-label="Open the session list" aria-expanded=${this.drawer ? "true" : "false"} aria-controls="sessions" @click=${() => (this.drawer = true)}>
        ${icon("menu")}
      </button>
      <h2 class="session-name" title=${title}>${title}</h2>
      ${this.showsSettings ? nothing : this.renderModelPicker(connected)}
      <span class="phase ${client.phase}" title=${PHASE_TEXT[client.phase]}><span class="dot"></span><span class="phase-text">${PHASE_TEXT[client.phase]}</span></span>
      <button type="button" class="small-button theme-toggle" aria-label=${themeLabel} title=${themeLabel} @click=${this.toggleTheme}>${icon(dark ? "sun" : "moon")}</button>
    </header>`;
  }

  private renderModelPicker(connected: boolean): TemplateResult {
    const { client } = this;
    return html`<model-picker
        .models=${client.book.models}
        .current=${client.book.modelOf(client.openKey).ref}
        .standard=${client.book.defaultRef}
        .disabled=${!connected}
        @choose-model=${(event: CustomEvent<string>) => client.chooseModel(event.detail)}
      ></model-picker>`;
  }

  private get onGuide(): boolean {
    return this.client.book.modelOf(this.client.openKey).provider === "guide";
  }

  private renderConfigBanner(): TemplateResult | typeof nothing {
    const { config } = this.client;
    if (config.valid) return nothing;
    return html`<div class="banner config-banner" role="alert">
      ${icon("warning")}
      <p>
        <strong>The configuration file cannot be used; the last good one stays in force.</strong>
        <span class="config-issue">${issueText(config)}</span>
        ${config.file ? html`<span class="wide-only">Mend <code>${config.file}</code> or run <code>carapace doctor</code>.</span>` : nothing}
      </p>
    </div>`;
  }

  private renderBanner(): TemplateResult | typeof nothing {
    const { client } = this;
    if (client.phase === "restarting") return html`<div class="banner wait">${PHASE_TEXT.restarting}</div>`;
    if (client.phase === "offline") {
      return html`<div class="banner wait">
        No connection to the gateway. Trying again.
        <button type="button" class="link-button" @click=${() => client.link.hurry()}>Try now</button>
      </div>`;
    }
    if (!this.onGuide || this.showsSettings) return nothing;
    return html`<div class="banner guide" role="note">
      ${icon("compass")}
      <p>
        <strong>Offline guide – no model configured.</strong>
        <span class="wide-only">
          It quotes the documentation of Carapace. For a real assistant give the gateway a provider's API key or run a
          local model server, then start it again.
        </span>
        Ask here how to set a key.
      </p>
    </div>`;
  }

  protected override updated(changes: PropertyValues<this>): void {
    if (changes.has("drawer") && this.drawer) this.querySelector<HTMLElement>(".drawer-close")?.focus();
    if (this.client.phase === "online" && !this.greeted) {
      this.greeted = true;
      // Ready to write; on a phone this would only bring up the keyboard.
      if (!this.narrow.matches) void this.composer?.focusText();
    }
    if (this.isOut) {
      this.greeted = false;
      this.settings = null;
      this.showsSettings = false;
    }
    document.title = this.isOut ? "Carapace" : `${this.openTitle()} – Carapace`;
  }

  private openTitle(): string {
    if (this.showsSettings) return "Settings";
    const { book, openKey } = this.client;
    return openKey ? sessionTitle(book.rowOrNew(openKey), book.mainKey) : "Chat";
  }

  private get composer(): ComposerBox | null {
    return this.querySelector<ComposerBox>("composer-box");
  }

  private submit(text: string): boolean {
    const sent = this.client.send(text);
    if (sent) this.querySelector<ChatLog>("chat-log")?.toEnd(false);
    return sent;
  }

  /** The form's code is fetched when it is wanted. */
  private async openSettings(): Promise<void> {
    this.drawer = false;
    try {
      const { SettingsDesk } = await import("./settings_page.js");
      this.settings ??= new SettingsDesk(this.client.link, () => {
        this.revision += 1;
        this.redrawSoon();
      });
    } catch {
      this.client.tell("The settings could not be loaded. Reload the page.");
      return;
    }
    this.showsSettings = true;
    await this.settings.load();
    this.requestUpdate();
    await this.updateComplete;
    await this.querySelector<LitElement>("settings-page")?.updateComplete;
    // On a phone the search would bring up the keyboard.
    this.querySelector<HTMLElement>(this.narrow.matches ? ".settings-scroll" : "settings-page input[type=search]")?.focus();
  }

  private toChat(): void {
    this.showsSettings = false;
    void this.updateComplete.then(() => this.composer?.focusText());
  }

  private signOut(): void {
    this.settings = null;
    this.showsSettings = false;
    this.client.signOut();
  }

  private newSession(): void {
    this.client.newSession();
    this.showsSettings = false;
    this.drawer = false;
    this.requestUpdate();
    void this.updateComplete.then(() => this.composer?.focusText());
  }

  private open(key: string): void {
    const fromSettings = this.showsSettings;
    this.showsSettings = false;
    this.client.openSession(key);
    // At once, not with the next frame: keys pressed now belong to the new session's draft.
    this.requestUpdate();
    if (!this.drawer && !fromSettings) return;
    this.drawer = false;
    void this.updateComplete.then(() => this.composer?.focusText());
  }

  private async removeSession(key: string): Promise<void> {
    const title = sessionTitle(this.client.book.rowOrNew(key), this.client.book.mainKey);
    const dialog = this.querySelector<ConfirmDialog>("confirm-dialog");
    if (await dialog?.ask("Delete this session?", `“${title}” and its messages will be removed from the list.`, "Delete")) {
      await this.client.remove(key);
      this.requestUpdate();
      await this.updateComplete;
      // The button that opened the dialog is gone, and focus with it.
      if (document.activeElement === document.body) this.querySelector<HTMLElement>(".session.open .session-open")?.focus();
    }
  }

  private stop(): void {
    void this.client.stopAnswer();
    // The button goes; on a phone the box would bring up the keyboard.
    if (!this.narrow.matches) void this.composer?.focusText();
  }

  private closeDrawer(): void {
    this.drawer = false;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(".drawer-open")?.focus());
  }

  private skip(event: Event): void {
    // The fragment stays free for the token, so the jump is made here.
    event.preventDefault();
    if (this.showsSettings) this.querySelector<HTMLElement>("settings-page input[type=search]")?.focus();
    else void this.composer?.focusText();
  }

  private escape(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.isComposing || this.querySelector("dialog[open]")) return;
    if (this.drawer) this.closeDrawer();
    else if (this.client.conversation?.activeRun) void this.client.stopAnswer();
  }

  private toggleTheme(): void {
    toggleTheme();
    this.requestUpdate();
  }

  private redrawSoon(): void {
    if (this.redraw) return;
    const draw = (): void => {
      this.redraw = 0;
      this.requestUpdate();
    };
    this.redraw = document.hidden ? window.setTimeout(draw, HIDDEN_PAUSE_MS) : window.requestAnimationFrame(draw);
  }
}

customElements.define("carapace-app", AssistantApp);
