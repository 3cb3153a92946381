import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Approval } from "../approval_desk.js";
import type { AnswerEntry, ChatEntry, ThinkingEntry, UserEntry } from "../chat_entry.js";
import "../markdown/markdown_view.js";
import "./approval_card.js";
import "./copy_button.js";
import { brandMark, icon } from "./icons.js";
import { PlainElement } from "./plain_element.js";
import "./tool_row.js";

const AT_END = 2;
const NEAR_END = 60;
const ANSWER_DUE_MS = 20_000;

/** The conversation. Follows its end while the reader is there. */
export class ChatLog extends PlainElement {
  static override properties = {
    rows: { attribute: false },
    sessionKey: { attribute: false },
    answering: { attribute: false },
    loaded: { attribute: false },
    connected: { attribute: false },
    approvals: { attribute: false },
    earlier: { attribute: false },
    starters: { attribute: false },
    placeOf: { attribute: false },
    away: { state: true },
  };
  declare rows: ChatEntry[];
  declare sessionKey: string;
  declare answering: boolean;
  declare loaded: boolean;
  declare connected: boolean;
  declare approvals: Approval[];
  declare earlier: "none" | "more" | "out-of-reach";
  /** First messages to choose from in an empty conversation. */
  declare starters: string[];
  declare placeOf: (sessionKey: string) => string;
  /** The reader scrolled up. */
  declare away: boolean;
  private resized: ResizeObserver | null = null;
  private lastTop = 0;
  private hadFocus = false;
  private firstRow = "";
  /** Distance from the end that must stay while rows are put in above. */
  private heldEnd: number | null = null;

  constructor() {
    super();
    this.rows = [];
    this.approvals = [];
    this.starters = [];
    this.earlier = "none";
    this.sessionKey = "";
    this.answering = this.loaded = this.connected = this.away = false;
    this.placeOf = () => "";
  }

  override render(): TemplateResult {
    const empty = this.loaded && !this.rows.length && !this.approvals.length;
    return html`<div class="log-scroll" tabindex="0" role="region" aria-label="Conversation" @scroll=${this.scrolled}>
        <div class="log">
          ${empty ? this.renderWelcome() : nothing}
          ${!this.loaded && !this.rows.length ? html`<p class="muted log-wait">${this.connected ? "Loading…" : "Waiting for the gateway…"}</p>` : nothing}
          ${this.renderEarlier()}
          ${repeat(this.rows, (row) => row.id, (row) => this.renderEntry(row))}
          ${this.answering && !this.showsProgress() ? html`<p class="typing" aria-hidden="true"><span></span><span></span><span></span></p>` : nothing}
          ${this.unanswered() ? this.renderUnanswered() : nothing}
          ${repeat(
            this.approvals,
            (one) => one.id,
            (one) => html`<approval-card .approval=${one} .place=${one.sessionKey && one.sessionKey !== this.sessionKey ? this.placeOf(one.sessionKey) : ""} @decide=${(event: CustomEvent) => this.pass("decide", event.detail)}></approval-card>`,
          )}
        </div>
      </div>
      ${this.away
        ? html`<button type="button" class="to-end" @click=${() => this.toEnd(true)}>${icon("down")} Latest</button>`
        : nothing}`;
  }

  private renderWelcome(): TemplateResult {
    return html`<div class="welcome">
      ${brandMark()}
      <h3>What can I do for you?</h3>
      <p class="muted">Messages go to your own gateway and nowhere else.</p>
      <div class="starters">
        ${this.starters.map((text) => html`<button type="button" class="starter" @click=${() => this.pass("suggest", text)}>${text}</button>`)}
      </div>
    </div>`;
  }

  private renderEarlier(): TemplateResult | typeof nothing {
    if (this.earlier === "more") {
      return html`<button type="button" class="earlier" ?disabled=${!this.connected} @click=${() => this.pass("load-earlier", null)}>Show earlier messages</button>`;
    }
    return this.earlier === "out-of-reach" ? html`<p class="muted small earlier-end">Earlier messages are kept by the gateway but not shown here.</p>` : nothing;
  }

  private renderEntry(row: ChatEntry): TemplateResult {
    switch (row.kind) {
      case "user":
        return this.renderUser(row);
      case "answer":
        return this.renderAnswer(row);
      case "thinking":
        return this.renderThinking(row);
      case "tool":
        return html`<tool-row class="entry" .entry=${row}></tool-row>`;
      case "notice":
        return html`<p class="entry notice ${row.tone}">${row.text} ${this.askAgainAfter(row)}</p>`;
    }
  }

  private renderUser(row: UserEntry): TemplateResult {
    return html`<article class="entry user ${row.delivery ?? ""}" aria-label="You">
      <div class="bubble">${row.text}${row.images ? html`<span class="muted small">${row.text ? "\n" : ""}[${row.images} image${row.images > 1 ? "s" : ""}]</span>` : nothing}</div>
      ${row.delivery === "sending" ? html`<p class="delivery muted small">Sending…</p>` : nothing}
      ${row.delivery === "failed"
        ? html`<p class="delivery problem small">
            Not delivered. ${row.problem}
            <button type="button" class="link-button" ?disabled=${!this.connected} @click=${() => this.pass("resend", row.id)}>Send again</button>
            <button type="button" class="link-button" @click=${() => this.pass("discard", row.id)}>Discard</button>
          </p>`
        : nothing}
    </article>`;
  }

  private renderAnswer(row: AnswerEntry): TemplateResult {
    return html`<article class="entry answer ${row.streaming ? "streaming" : ""}" aria-label="Assistant" aria-busy=${row.streaming ? "true" : "false"}>
      <markdown-view class="prose" .text=${row.text}></markdown-view>
      ${!this.closesTurn(row)
        ? row.streaming
          ? html`<div class="answer-room"></div>`
          : nothing
        : html`<div class="answer-actions">
            <copy-button .text=${row.text} label="Copy answer"></copy-button>
            ${this.noticeFollows(row)
              ? nothing
              : html`<button type="button" class="small-button" title="Ask again" aria-label="Ask again" ?disabled=${!this.connected} @click=${() => this.pass("retry-answer", row.id)}>
                  ${icon("retry")}
                </button>`}
            ${row.model ? html`<span class="answer-model">${row.model}</span>` : nothing}
          </div>`}
    </article>`;
  }

  private renderThinking(row: ThinkingEntry): TemplateResult {
    return html`<details class="entry quiet-row thinking ${row.streaming ? "running" : ""}">
      <summary>${icon("thought")}<span class="tool-name">${row.streaming ? "Thinking…" : "Thoughts"}</span>${icon("chevron")}</summary>
      <div class="quiet-body thoughts">${row.text}</div>
    </details>`;
  }

  /** An answer that failed or was stopped at the very end can be asked for again right there. */
  private askAgainAfter(row: ChatEntry): TemplateResult | typeof nothing {
    if (!this.connected || this.answering || row !== this.rows[this.rows.length - 1]) return nothing;
    return html`<button type="button" class="link-button" @click=${() => this.pass("retry-answer", row.id)}>Ask again</button>`;
  }

  private renderUnanswered(): TemplateResult {
    const last = this.rows[this.rows.length - 1]!;
    return html`<p class="entry notice quiet">
      No answer yet.
      <button type="button" class="link-button" @click=${() => this.pass("retry-answer", last.id)}>Ask again</button>
    </p>`;
  }

  /** Only the last words of a turn carry buttons; remarks between tool calls stay plain. */
  private closesTurn(row: AnswerEntry): boolean {
    for (let index = this.rows.indexOf(row) + 1; index < this.rows.length; index += 1) {
      const kind = this.rows[index]!.kind;
      if (kind === "answer") return false;
      if (kind === "user") return true;
    }
    return !this.answering;
  }

  /** The notice at the end of the log offers to ask again by itself. */
  private noticeFollows(row: AnswerEntry): boolean {
    const last = this.rows.length - 1;
    return this.rows[last]!.kind === "notice" && this.rows[last - 1] === row;
  }

  /** Whether the last row already shows that something is going on. */
  private showsProgress(): boolean {
    const last = this.rows[this.rows.length - 1];
    if (last?.kind === "answer" || last?.kind === "thinking") return last.streaming;
    return last?.kind === "tool" && last.running;
  }

  private unanswered(): boolean {
    const last = this.rows[this.rows.length - 1];
    if (!this.connected || this.answering || last?.kind !== "user" || last.delivery || !last.text) return false;
    // A run begun elsewhere may be on its way without having said a word.
    return last.at !== null && Date.now() - last.at > ANSWER_DUE_MS;
  }

  protected override firstUpdated(): void {
    // Rows grow after rendering too (details opened, fonts, window size); the end must stay in view.
    this.resized = new ResizeObserver(() => {
      if (this.heldEnd !== null) {
        this.scroller.scrollTop = this.scroller.scrollHeight - this.heldEnd;
        this.heldEnd = null;
      } else if (!this.away) this.toEnd(false);
    });
    this.resized.observe(this.querySelector(".log")!);
    this.resized.observe(this.scroller);
  }

  protected override willUpdate(changes: PropertyValues<this>): void {
    this.hadFocus = this.contains(document.activeElement);
    const first = this.rows[0]?.id ?? "";
    const grewAbove = !changes.has("sessionKey") && first !== this.firstRow && this.rows.some((row) => row.id === this.firstRow);
    this.firstRow = first;
    // At the very top the browser does not keep the place by itself.
    if (grewAbove && this.away) this.heldEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
  }

  protected override updated(changes: PropertyValues<this>): void {
    if (changes.has("sessionKey") || !this.away) this.toEnd(false);
    // A pressed button may be gone with its row; who works by keyboard goes on from here.
    if (this.hadFocus && document.activeElement === document.body) this.scroller.focus({ preventScroll: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized?.disconnect();
  }

  toEnd(smooth: boolean): void {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: smooth && !calm ? "smooth" : "instant" });
    if (this.away) this.away = false;
  }

  private get scroller(): HTMLElement {
    return this.querySelector<HTMLElement>(".log-scroll")!;
  }

  private scrolled(): void {
    const box = this.scroller;
    const up = box.scrollTop < this.lastTop;
    this.lastTop = box.scrollTop;
    // Only a move upwards leaves the end, and be it a small one: text may grow faster than the view follows it, and
    // must not tear back who begins to scroll. Near the end on the way down is as good as there.
    const left = box.scrollHeight - box.scrollTop - box.clientHeight;
    if (left <= (up ? AT_END : NEAR_END)) {
      if (this.away) this.away = false;
    } else if (up && !this.away) this.away = true;
  }

  private pass(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

customElements.define("chat-log", ChatLog);
