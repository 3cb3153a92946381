import { ApprovalDesk } from "./approval_desk.js";
import type { ChatEntry } from "./chat_entry.js";
import { configState, GOOD_CONFIG } from "./config_state.js";
import { Conversation } from "./conversation.js";
import { draftOf, forgetDrafts } from "./storage/draft_store.js";
import { GatewayLink, randomId, RequestError } from "./gateway_link.js";
import { rememberedSession, rememberSession } from "./storage/open_session.js";
import { OtherTabs } from "./other_tabs.js";
import { Outbox, type OutgoingMessage } from "./outbox.js";
import { SessionBook } from "./session_book.js";
import { labelFor } from "./session_title.js";
import { signInProblem } from "./sign_in_problem.js";
import { forgetToken, isTabOnly, onSignOutElsewhere, storedToken, storeToken, takeTokenFromFragment } from "./storage/token_store.js";
import type { AgentEvent, ApprovalRequested, ChatEvent, ConfigReport, EventFrame, Hello, HistoryMessage, WireError } from "./wire_types.js";

export type Phase = "signed-out" | "connecting" | "online" | "offline" | "restarting";

const RESYNC_PAUSE_MS = 3000;
/** Changes of the list that other programs make are not announced, so a page that is looked at asks. */
const LIST_AGE_MS = 10_000;
/** A long list is asked for less often. */
const LONG_LIST = 300;
const LONG_LIST_AGE_MS = 60_000;

/** The app's memory and its dealings with the gateway; views only read it and call its methods. */
export class ChatClient {
  phase: Phase = "signed-out";
  problem = "";
  /** A token typed into the form is being tried. */
  signingIn = false;
  /** A short message about the last action, shown until dismissed. */
  toast = "";
  /** What screen readers are told. */
  announcement = "";
  openKey = "";
  gatewayVersion = "";
  config = GOOD_CONFIG;
  /** Told when the gateway's configuration file is another one. */
  onConfigChanged: (hash: string | undefined) => void = () => undefined;
  readonly outbox = new Outbox();
  readonly link: GatewayLink;
  readonly book: SessionBook;
  readonly approvals: ApprovalDesk;
  private readonly otherTabs = new OtherTabs(() => this.refreshList());
  private conversations = new Map<string, Conversation>();
  private tokens: { token: string; keep: boolean }[] = [];
  /** Sessions that got their name already, though the list may not show them yet. */
  private prepared = new Set<string>();
  private resyncTimer = 0;
  private resyncedAt = 0;
  private connectedAt = 0;
  /**
   * Whether the gateway was started after our last connection. It may then have lost its memory of idempotency
   * keys, so a message that it has stored must not be sent again.
   */
  private gatewayIsNew = false;

  constructor(private readonly changed: () => void) {
    this.link = new GatewayLink({
      connecting: () => this.setPhase(this.phase === "signed-out" ? "connecting" : this.phase),
      open: (hello) => this.opened(hello),
      lost: () => this.lost(),
      refused: (error) => this.refused(error),
      event: (frame) => this.received(frame),
      gap: () => this.resyncSoon(),
    });
    this.book = new SessionBook(this.link, changed, (keys) => this.sessionsGone(keys), () => this.otherTabs.tellSessionsChanged());
    this.approvals = new ApprovalDesk(this.link, changed);
    window.addEventListener("hashchange", () => {
      const given = takeTokenFromFragment();
      if (given) this.begin(given);
    });
    onSignOutElsewhere(() => {
      if (this.phase !== "signed-out") this.signOut();
    });
    window.addEventListener("focus", () => this.refreshList());
    window.setInterval(() => {
      const due = this.book.rows.length < LONG_LIST ? LIST_AGE_MS : LONG_LIST_AGE_MS;
      if (!document.hidden && Date.now() - this.book.fetchedAt >= due) this.refreshList();
    }, LIST_AGE_MS);
  }

  start(): void {
    this.begin(takeTokenFromFragment());
  }

  signIn(token: string, keep: boolean): void {
    this.signingIn = this.phase === "signed-out";
    this.connect([{ token, keep }]);
  }

  signOut(): void {
    forgetToken();
    this.link.stop();
    this.tokens = [];
    this.conversations.clear();
    this.book.rows = [];
    this.approvals.clear();
    this.outbox.clear();
    this.prepared.clear();
    forgetDrafts();
    this.toast = this.announcement = "";
    this.config = GOOD_CONFIG;
    this.openKey = "";
    rememberSession("");
    this.problem = "";
    this.setPhase("signed-out");
  }

  get conversation(): Conversation | null {
    return this.conversations.get(this.openKey) ?? null;
  }

  get rows(): ChatEntry[] {
    return this.conversation?.rows(this.outbox) ?? [];
  }

  openSession(key: string): void {
    this.openKey = key;
    rememberSession(key);
    if (!this.conversations.has(key)) this.conversations.set(key, new Conversation(key));
    this.changed();
    if (!this.link.isReady) return;
    // Tool rows come only to sessions that ask for them; patching would create sessions that do not exist yet.
    const row = this.book.find(key);
    if (row && row.verboseLevel !== "on") this.askForTools(key);
    void this.loadHistory(key);
  }

  newSession(): void {
    this.openSession(`agent:${this.book.agentId}:web-${randomId().slice(0, 8)}`);
  }

  /** Returns false when the text stays in the composer because there is no connection. */
  send(text: string): boolean {
    const conversation = this.conversation;
    if (!conversation || !this.link.isReady || !text.trim()) return false;
    const item = this.outbox.add(conversation.key, text, conversation.latest, (words, after) => conversation.countText(words, after));
    this.announcement = "Message sent.";
    this.changed();
    void this.deliver(item, true);
    return true;
  }

  resend(id: string): void {
    const item = this.outbox.revive(id);
    if (item) {
      void this.deliver(item, true);
      return;
    }
    const refused = this.outbox.remove(id);
    if (refused) this.send(refused.text);
  }

  loadEarlier(): void {
    this.conversation?.askForEarlier();
    void this.loadHistory(this.openKey);
  }

  discard(id: string): void {
    this.outbox.remove(id);
    this.changed();
  }

  retryAnswer(entryId: string): void {
    const prompt = this.conversation?.promptBefore(this.rows, entryId);
    if (prompt) this.send(prompt);
  }

  async stopAnswer(): Promise<void> {
    const run = this.conversation?.activeRun;
    if (!run) return;
    try {
      const key = this.openKey;
      const result = await this.link.request<{ aborted?: boolean }>("chat.abort", { sessionKey: key, runId: run.runId });
      if (result?.aborted !== false) return;
      // The gateway does not know the run any more: its end went by unseen.
      this.conversation?.close(run.runId);
      await this.loadHistory(key);
    } catch (error) {
      this.say(`Could not stop: ${(error as Error).message}`);
    }
  }

  async rename(key: string, label: string): Promise<void> {
    await this.attempt("Could not rename", () => this.book.patch(key, { label: label.trim() || null }));
  }

  async remove(key: string): Promise<void> {
    await this.attempt("Could not delete", async () => {
      await this.book.remove(key);
      this.conversations.delete(key);
      this.prepared.delete(key);
      this.outbox.dropSession(key);
      if (this.openKey === key) this.openSession(this.book.mainKey);
    });
  }

  async chooseModel(ref: string): Promise<void> {
    await this.attempt("Could not change the model", () => this.book.patch(this.openKey, { model: ref || null }));
  }

  async decide(id: string, decision: "allow-once" | "deny"): Promise<void> {
    const problem = await this.approvals.decide(id, decision);
    if (problem) this.say(problem);
  }

  dismissToast(): void {
    this.toast = "";
    this.changed();
  }

  private refreshList(): void {
    if (this.link.isReady) this.book.refreshSoon();
  }

  /** Deleted in another tab or program. What is open is told, and gives way to the main session. */
  private sessionsGone(keys: string[]): void {
    for (const key of keys) {
      this.conversations.delete(key);
      this.prepared.delete(key);
      this.outbox.dropSession(key);
    }
    if (!keys.includes(this.openKey)) return;
    this.openSession(this.book.mainKey);
    this.say("That session was deleted.");
  }

  private begin(given: string | null): void {
    const stored = storedToken();
    // A stale link must not lock out a page that knows a good token: that one is tried second.
    const tokens = [given, stored].filter((token): token is string => Boolean(token));
    if (tokens.length) this.connect(tokens.map((token) => ({ token, keep: token === given || !isTabOnly(token) })));
  }

  private connect(tokens: { token: string; keep: boolean }[]): void {
    this.tokens = tokens;
    this.problem = "";
    this.phase = "connecting";
    this.changed();
    this.link.start(tokens[0]!.token);
  }

  private opened(hello: Hello): void {
    this.signingIn = false;
    const used = this.tokens[0];
    if (used) storeToken(used.token, used.keep);
    this.gatewayVersion = hello.server?.version ?? "";
    const startedAt = Date.now() - (hello.snapshot?.uptimeMs ?? 0);
    this.gatewayIsNew = startedAt > this.connectedAt;
    this.connectedAt = Date.now();
    this.book.setDefaults(hello.snapshot?.sessionDefaults);
    // The gateway tells a new connection what still waits for an answer.
    this.approvals.clear();
    const remembered = this.openKey ? "" : rememberedSession();
    if (!this.openKey) this.openKey = remembered || this.book.mainKey;
    this.setPhase("online");
    this.announcement = "Connected.";
    void this.lookAtConfig(hello.snapshot?.health?.config);
    void this.book.loadModels();
    void this.afterConnect(remembered);
  }

  private lost(): void {
    for (const conversation of this.conversations.values()) conversation.interrupt();
    if (this.phase === "online") this.announcement = "Connection lost. Reconnecting.";
    if (this.phase !== "restarting") this.setPhase("offline");
    else this.changed();
  }

  private refused(error: WireError): void {
    this.tokens.shift();
    if (this.tokens[0]) {
      this.link.start(this.tokens[0].token);
      return;
    }
    const verdict = signInProblem(error);
    if (verdict.tokenIsBad) forgetToken();
    this.problem = verdict.text;
    this.setPhase("signed-out");
  }

  private received(frame: EventFrame): void {
    if (frame.event === "chat") this.onChat(frame.payload as ChatEvent);
    else if (frame.event === "agent") this.onAgent(frame.payload as AgentEvent);
    else if (frame.event === "shutdown") {
      this.announcement = "The gateway is restarting.";
      this.setPhase("restarting");
    } else if (frame.event === "exec.approval.requested") {
      this.announcement = "A command needs your approval.";
      this.approvals.asked(frame.payload as ApprovalRequested);
    } else if (frame.event === "exec.approval.resolved") {
      this.approvals.remove((frame.payload as { id: string }).id);
    } else if (frame.event === "config.changed") this.configChanged(frame.payload as ConfigReport);
    else if (frame.event === "tick") this.changed();
  }

  /** A gateway that has just started greets without its health. */
  private async lookAtConfig(report: ConfigReport | undefined): Promise<void> {
    const asked = report ?? (await this.link.request<{ config?: ConfigReport }>("status").catch(() => undefined))?.config;
    this.config = configState(GOOD_CONFIG, asked);
    this.onConfigChanged(asked?.hash);
    this.changed();
  }

  private configChanged(report: ConfigReport): void {
    const wasValid = this.config.valid;
    this.config = configState(this.config, report);
    if (wasValid && !this.config.valid) this.announcement = "The configuration file cannot be used. The last good one stays in force.";
    this.onConfigChanged(report?.hash);
    this.changed();
  }

  private onChat(event: ChatEvent): void {
    if (!event?.runId || !event.sessionKey) return;
    const key = this.book.canonical(event.sessionKey);
    const conversation = this.conversations.get(key);
    this.fetchPrompt(conversation, event.runId);
    const ended = conversation?.applyChat(event) ?? false;
    if (event.state !== "delta") {
      this.book.refreshSoon();
      if (conversation) void this.loadHistory(key);
    }
    if (ended && key === this.openKey) this.announceEnd(event);
    this.changed();
  }

  private onAgent(event: AgentEvent): void {
    if (!event?.runId || !event.sessionKey) return;
    const key = this.book.canonical(event.sessionKey);
    const conversation = this.conversations.get(key);
    if (!this.book.find(key)) this.book.refreshSoon();
    this.fetchPrompt(conversation, event.runId);
    conversation?.applyAgent(event);
    this.changed();
  }

  /** The words that began a run elsewhere are told by no event. */
  private fetchPrompt(conversation: Conversation | undefined, runId: string): void {
    if (!conversation?.loaded || conversation.knows(runId)) return;
    if (!this.outbox.forSession(conversation.key).some((item) => item.idempotencyKey === runId)) void this.loadHistory(conversation.key);
  }

  private announceEnd(event: ChatEvent): void {
    const answer = this.rows.filter((row) => row.kind === "answer").pop();
    if (event.state === "aborted") this.announcement = "Answer stopped.";
    else if (event.state === "error") this.announcement = `The answer failed. ${event.errorMessage ?? ""}`;
    else this.announcement = answer?.kind === "answer" ? `Answer: ${answer.text.slice(0, 1200)}` : "Done.";
  }

  private async deliver(item: OutgoingMessage, mayRepeat: boolean): Promise<void> {
    const conversation = this.conversations.get(item.sessionKey);
    try {
      if (!this.book.find(item.sessionKey) && !this.prepared.has(item.sessionKey)) await this.prepareSession(item);
      const ack = await this.link.request<{ runId?: string; status?: string }>("chat.send", {
        sessionKey: item.sessionKey,
        message: item.text,
        idempotencyKey: item.idempotencyKey,
      });
      this.outbox.accept(item);
      // So is a repeat of a message answered whose run is over.
      if (ack?.status === "ok" || ack?.status === "error") void this.loadHistory(item.sessionKey, [item.idempotencyKey]);
      else if (ack?.runId) {
        conversation?.begin(item.idempotencyKey);
        if (ack.status === "in_flight") void this.loadHistory(item.sessionKey);
      }
      // A stop word is obeyed at once and leaves no run behind.
      else this.outbox.remove(item.id);
      this.book.refreshSoon();
    } catch (error) {
      const failure = error as RequestError;
      // A lost link is left to the next connection, which sends the message again under the same key.
      if (failure.code === "LINK_LOST") return;
      if (failure.code === "TIMEOUT" && mayRepeat) return this.deliver(item, false);
      this.outbox.fail(item, failure.message, failure.unanswered);
      this.announcement = `Message not delivered. ${failure.message}`;
    } finally {
      this.changed();
    }
  }

  /** A first message names its session and switches tool rows on; neither may hold the message up. */
  private async prepareSession(item: OutgoingMessage): Promise<void> {
    const fields: Record<string, unknown> = { key: item.sessionKey, verboseLevel: "on" };
    if (item.sessionKey !== this.book.mainKey) fields["label"] = labelFor(item.text);
    try {
      await this.link.request("sessions.patch", fields);
    } catch (error) {
      const failure = error as RequestError;
      if (failure.unanswered) throw failure;
      // Labels are unique; a second chat that begins alike goes without one.
      delete fields["label"];
      await this.link.request("sessions.patch", fields).catch(() => undefined);
    }
    this.prepared.add(item.sessionKey);
    this.otherTabs.tellSessionsChanged();
  }

  private askForTools(key: string): void {
    this.link.request("sessions.patch", { key, verboseLevel: "on" }).catch(() => undefined);
  }

  private resyncSoon(): void {
    if (this.resyncTimer) return;
    const pause = Math.max(300, this.resyncedAt + RESYNC_PAUSE_MS - Date.now());
    this.resyncTimer = window.setTimeout(() => {
      this.resyncTimer = 0;
      this.resyncedAt = Date.now();
      void this.resync();
    }, pause);
  }

  /** Makes what is shown agree with the gateway after events were missed. */
  private async resync(): Promise<void> {
    this.book.refreshSoon();
    const conversation = this.conversation;
    if (!conversation) return;
    for (const runId of conversation.activeRunIds) {
      const result = await this.link.request<{ status?: string }>("agent.wait", { runId, timeoutMs: 0 }).catch(() => null);
      if (result?.status === "ok" || result?.status === "error") conversation.close(runId);
    }
    await this.loadHistory(conversation.key);
  }

  private async afterConnect(remembered: string): Promise<void> {
    await this.book.refresh();
    if (!this.link.isReady) return;
    // It may have been deleted meanwhile, or never been more than an empty page. Words begun in it keep it.
    const begun = draftOf(remembered) || this.outbox.forSession(remembered).length;
    if (this.openKey === remembered && !this.book.find(remembered) && !begun) this.openKey = this.book.mainKey;
    const watched = new Set([this.openKey, ...this.outbox.openSessions]);
    // Other sessions are fetched again when they are opened.
    for (const key of [...this.conversations.keys()]) if (!watched.has(key)) this.conversations.delete(key);
    this.openSession(this.openKey);
    for (const key of this.outbox.openSessions) {
      if (!this.conversations.has(key)) this.conversations.set(key, new Conversation(key));
      await this.loadHistory(key);
    }
    for (const item of this.outbox.undelivered((one) => this.conversations.get(one.sessionKey)?.isRunning(one.idempotencyKey) ?? false)) {
      item.state = "sending";
      void this.deliver(item, true);
    }
  }

  private async loadHistory(key: string, alsoEnded: string[] = []): Promise<void> {
    const conversation = this.conversations.get(key);
    if (!conversation) return;
    const fetch = conversation.beginFetch(alsoEnded);
    try {
      const result = await this.link.request<{ messages?: HistoryMessage[] }>("chat.history", {
        sessionKey: key,
        limit: fetch.limit,
      });
      conversation.adopt(result?.messages ?? [], fetch, this.outbox, this.gatewayIsNew);
    } catch (error) {
      if (!(error as RequestError).unanswered) this.say(`Could not load the conversation: ${(error as Error).message}`);
    }
    this.changed();
  }

  private async attempt(what: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.say(`${what}: ${(error as Error).message}`);
    }
  }

  /** Says something about the last action until it is dismissed. */
  tell(text: string): void {
    this.say(text);
  }

  private say(text: string): void {
    this.toast = text;
    this.announcement = text;
    this.changed();
  }

  private setPhase(phase: Phase): void {
    this.phase = phase;
    this.changed();
  }
}
