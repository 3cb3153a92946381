import type { ChatEntry, ToolEntry } from "./chat_entry.js";
import { LiveRun } from "./live_run.js";
import { isStored, outgoingRow, type Outbox, type OutgoingMessage } from "./outbox.js";
import { countUserText, entriesFromHistory, keepIds, latestTime } from "./transcript.js";
import type { AgentEvent, ChatEvent, HistoryMessage } from "./wire_types.js";

/**
 * Rows the gateway does not store (say, the words of an answer it died over), shown in the turn that the user began
 * at this time. A count would not do: the messages we hold are the newest ones, and old ones fall out of sight.
 */
interface Leftover {
  turnAt: number;
  entries: ChatEntry[];
}

/** Messages asked for at first, and when the reader wants to see more; the gateway gives no more than that. */
const FIRST_LIMIT = 200;
const LARGEST_LIMIT = 1000;

/** One request for the stored messages, and what was known when it was made. */
interface Fetch {
  /** Answers may overtake each other. */
  number: number;
  limit: number;
  /** Runs whose streamed rows the answer takes the place of. */
  settled: string[];
  /** Those of them that came to their end, rather than being out of sight since the link was lost. */
  ended: string[];
}

/** Everything known about one session's messages. */
export class Conversation {
  loaded = false;
  limit = FIRST_LIMIT;
  /** Whether the gateway holds messages before the first one here, and whether it would give them. */
  earlier: "none" | "more" | "out-of-reach" = "none";
  private history: ChatEntry[] = [];
  private leftovers: Leftover[] = [];
  private runs: LiveRun[] = [];
  private ended = new Set<string>();
  private asked = 0;
  private adopted = 0;

  constructor(readonly key: string) {}

  /** The newest run that is still going. */
  get activeRun(): LiveRun | null {
    for (let index = this.runs.length - 1; index >= 0; index -= 1) if (!this.runs[index]!.over) return this.runs[index]!;
    return null;
  }

  /** Whether this run was seen before, going or over. */
  knows(runId: string): boolean {
    return this.ended.has(runId) || this.runs.some((run) => run.runId === runId);
  }

  isRunning(runId: string): boolean {
    return this.runs.some((run) => run.runId === runId && !run.over);
  }

  begin(runId: string): void {
    if (!this.ended.has(runId)) this.run(runId);
  }

  /** Returns whether this event ended a run. */
  applyChat(event: ChatEvent): boolean {
    if (this.ended.has(event.runId)) return false;
    this.run(event.runId).applyChat(event);
    if (event.state === "delta") return false;
    this.ended.add(event.runId);
    return true;
  }

  applyAgent(event: AgentEvent): void {
    if (this.ended.has(event.runId)) return;
    if (event.stream === "lifecycle" && event.data?.phase !== "start") return;
    this.run(event.runId).applyAgent(event);
  }

  /** A lost link ends the runs as far as we can tell; events of one that goes on open it again. */
  interrupt(): void {
    for (const run of this.runs) run.interrupt();
  }

  get activeRunIds(): string[] {
    return this.runs.filter((run) => !run.over).map((run) => run.runId);
  }

  /** The gateway says a run ended whose last event we missed. */
  close(runId: string): void {
    this.runs.find((run) => run.runId === runId)?.settle();
    this.ended.add(runId);
  }

  askForEarlier(): void {
    this.limit = LARGEST_LIMIT;
  }

  beginFetch(alsoEnded: string[]): Fetch {
    this.asked += 1;
    const over = this.runs.filter((run) => run.over);
    const ended = over.filter((run) => !run.cut);
    const ids = (runs: LiveRun[]): string[] => [...runs.map((run) => run.runId), ...alsoEnded];
    return { number: this.asked, limit: this.limit, settled: ids(over), ended: ids(ended) };
  }

  /** Takes the stored messages in place of the streamed ones whose runs were over when they were asked for. */
  adopt(messages: HistoryMessage[], { number, limit, settled, ended }: Fetch, outbox: Outbox, storedIsProof: boolean): void {
    if (number < this.adopted) return;
    this.adopted = number;
    this.earlier = messages.length < limit ? "none" : limit < LARGEST_LIMIT ? "more" : "out-of-reach";
    const fresh = entriesFromHistory(messages);
    keepIds(fresh, this.rows(outbox));
    const count = (text: string, after: number): number => countUserText(fresh, text, after);
    for (const run of this.runs) {
      if (!settled.includes(run.runId)) continue;
      const message = outbox.forSession(this.key).find((item) => item.idempotencyKey === run.runId);
      const turn = turnOf(fresh, message);
      if (run.cut && endsInterrupted(turn.entries)) {
        this.leftovers.push({ turnAt: turn.at, entries: missingFrom(turn.entries, run.entries) });
        continue;
      }
      const unsaved = run.entries.some((entry) => entry.kind === "notice") ? missingFrom(turn.entries, run.entries) : [];
      if (!unsaved.length) continue;
      // The words that led to a failed answer stay above it, even if the gateway did not keep them.
      if (message && !isStored(message, count)) unsaved.unshift(outgoingRow(message));
      this.leftovers.push({ turnAt: turn.at, entries: unsaved });
    }
    this.runs = this.runs.filter((run) => !settled.includes(run.runId));
    this.history = fresh;
    this.loaded = true;
    for (const runId of ended) outbox.finish(runId);
    outbox.reconcile(this.key, count, storedIsProof);
  }

  /** The newest moment in the stored messages, by the gateway's clock. */
  get latest(): number {
    return latestTime(this.history);
  }

  countText(text: string, after: number): number {
    return countUserText(this.history, text, after);
  }

  /** The conversation as it is shown: stored rows, runs begun elsewhere, then our messages each with its run. */
  rows(outbox: Outbox): ChatEntry[] {
    const live = new Map<string, ToolEntry>();
    for (const run of this.runs) {
      for (const entry of run.entries) if (entry.kind === "tool" && entry.callId) live.set(entry.callId, entry);
    }
    const rows = this.withLeftovers().map((entry) => (entry.kind === "tool" ? freshest(entry, live.get(entry.callId)) : entry));
    const outgoing = outbox.forSession(this.key);
    const mine = new Set(outgoing.map((item) => item.idempotencyKey));
    for (const run of this.runs) if (!mine.has(run.runId)) rows.push(...this.notStored(run));
    for (const item of outgoing) {
      if (item.state === "failed" || !isStored(item, (text, after) => this.countText(text, after))) rows.push(outgoingRow(item));
      const run = this.runs.find((one) => one.runId === item.idempotencyKey);
      if (run) rows.push(...run.entries);
    }
    return rows;
  }

  /** The user's words an answer belongs to. */
  promptBefore(rows: ChatEntry[], entryId: string): string | null {
    let prompt: string | null = null;
    for (const entry of rows) {
      if (entry.kind === "user" && entry.text) prompt = entry.text;
      if (entry.id === entryId) return prompt;
    }
    return null;
  }

  private run(runId: string): LiveRun {
    let run = this.runs.find((one) => one.runId === runId);
    if (!run) {
      run = new LiveRun(runId);
      this.runs = [...this.runs, run];
    } else if (run.cut) run.resume();
    return run;
  }

  private withLeftovers(): ChatEntry[] {
    if (!this.leftovers.length) return this.history.slice();
    const rows: ChatEntry[] = [];
    let turnAt = 0;
    for (const entry of this.history) {
      if (entry.kind === "user") {
        this.addLeftovers(rows, turnAt);
        turnAt = entry.at ?? turnAt;
      }
      rows.push(entry);
    }
    this.addLeftovers(rows, turnAt);
    return rows;
  }

  /** Adds what the turn lacks; words go above the notice that closes it. */
  private addLeftovers(rows: ChatEntry[], turnAt: number): void {
    for (const one of this.leftovers) {
      if (one.turnAt !== turnAt) continue;
      const closed = rows[rows.length - 1]?.kind === "notice" && !one.entries.some((entry) => entry.kind === "notice");
      rows.splice(closed ? rows.length - 1 : rows.length, 0, ...one.entries);
    }
  }

  /** History fetched in the middle of a run already holds its first rows. */
  private notStored(run: LiveRun): ChatEntry[] {
    const stored = new Set(this.history.map((entry) => (entry.kind === "tool" ? entry.callId : "")));
    let from = 0;
    run.entries.forEach((entry, index) => {
      if (entry.kind === "tool" && stored.has(entry.callId)) from = index + 1;
    });
    return run.entries.slice(from);
  }
}

function freshest(stored: ToolEntry, live: ToolEntry | undefined): ToolEntry {
  if (!live || stored.output !== null) return stored;
  return { ...live, id: stored.id };
}

/** The rows that follow a message up to the next one; of the last message when it is not known or not stored. */
function turnOf(history: ChatEntry[], message: OutgoingMessage | undefined): { at: number; entries: ChatEntry[] } {
  const users = history.flatMap((entry, index) => (entry.kind === "user" ? [{ index, at: entry.at ?? 0, text: entry.text.trim() }] : []));
  const alike = message ? users.filter((one) => one.at > message.after && one.text === message.text.trim()) : [];
  const user = alike[message?.alike ?? 0] ?? users[users.length - 1];
  const next = users.find((one) => user && one.index > user.index);
  return { at: user?.at ?? 0, entries: history.slice(user ? user.index + 1 : 0, next?.index) };
}

function missingFrom(turn: ChatEntry[], entries: ChatEntry[]): ChatEntry[] {
  return entries.filter((entry) => {
    // The stored ending may be worded otherwise; a turn has one.
    if (entry.kind === "notice") return !turn.some((one) => one.kind === "notice");
    if (entry.kind === "tool") return !turn.some((one) => one.kind === "tool" && one.callId === entry.callId);
    // The last words of a stream that broke off may not have reached us.
    return !turn.some((one) => one.kind === entry.kind && "text" in one && one.text.trim().startsWith(entry.text.trim()));
  });
}

/** Whether the gateway went down over the last answer and says so. */
function endsInterrupted(turn: ChatEntry[]): boolean {
  const last = turn[turn.length - 1];
  return last?.kind === "notice" && last.tone === "warn";
}
