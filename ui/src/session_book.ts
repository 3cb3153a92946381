import type { GatewayLink } from "./gateway_link.js";
import { listedModel, modelRef } from "./model_name.js";
import type { ModelRow, SessionRow, SessionsListResult } from "./wire_types.js";

const LIST_LIMIT = 1000;
const REFRESH_PAUSE_MS = 250;

/** The list of sessions and models, as the gateway last told it. */
export class SessionBook {
  rows: SessionRow[] = [];
  models: ModelRow[] = [];
  mainKey = "agent:main:main";
  agentId = "main";
  /** Other spellings of the main session's key that events may carry. */
  private mainAliases = new Set(["main"]);
  private defaultProvider = "";
  private defaultModel = "";
  /** When the list was last answered, 0 before the first time. */
  fetchedAt = 0;
  private timer = 0;
  private asked = 0;

  constructor(
    private readonly link: GatewayLink,
    private readonly changed: () => void,
    /** Sessions were deleted here or elsewhere. */
    private readonly gone: (keys: string[]) => void,
    /** This page changed the list; other pages may want to know. */
    private readonly wrote: () => void,
  ) {}

  setDefaults(defaults: { defaultAgentId?: string; mainKey?: string; mainSessionKey?: string } | undefined): void {
    if (defaults?.mainSessionKey) this.mainKey = defaults.mainSessionKey;
    if (defaults?.defaultAgentId) this.agentId = defaults.defaultAgentId;
    this.mainAliases = new Set(["main", defaults?.mainKey || "main"]);
  }

  canonical(key: string): string {
    return this.mainAliases.has(key) ? this.mainKey : key;
  }

  find(key: string): SessionRow | undefined {
    return this.rows.find((row) => row.key === key);
  }

  /** The row of a session, also of one the gateway has not stored yet. */
  rowOrNew(key: string): SessionRow {
    return this.find(key) ?? { key };
  }

  get defaultRef(): string {
    return modelRef(this.defaultProvider, this.defaultModel);
  }

  modelOf(key: string): { provider: string; ref: string } {
    const row = this.find(key);
    if (row?.model) {
      const provider = row.modelProvider ?? "";
      return { provider, ref: modelRef(provider, listedModel(this.models, provider, row.model)) };
    }
    return { provider: this.defaultProvider, ref: this.defaultRef };
  }

  /** Many events ask for the list at once; one fetch answers them all. */
  refreshSoon(): void {
    if (this.timer) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      void this.refresh();
    }, REFRESH_PAUSE_MS);
  }

  async refresh(): Promise<void> {
    this.asked += 1;
    const ask = this.asked;
    try {
      const result = await this.link.request<SessionsListResult>("sessions.list", {
        includeDerivedTitles: true,
        includeLastMessage: true,
        limit: LIST_LIMIT,
      });
      // Answers may overtake each other.
      if (ask !== this.asked) return;
      const before = this.rows;
      this.rows = (result?.sessions ?? []).filter((row) => typeof row?.key === "string");
      // A full list says nothing about what it lacks.
      const missing = this.rows.length < LIST_LIMIT ? before.filter((row) => !this.find(row.key)).map((row) => row.key) : [];
      if (missing.length) this.gone(missing);
      this.defaultProvider = result?.defaults?.modelProvider ?? "";
      this.defaultModel = result?.defaults?.model ?? "";
      this.fetchedAt = Date.now();
      this.changed();
    } catch {
      // The next reconnect asks again.
    }
  }

  async loadModels(): Promise<void> {
    try {
      const result = await this.link.request<{ models?: ModelRow[] }>("models.list", {});
      this.models = result?.models ?? [];
      this.changed();
    } catch {
      // The picker then offers just the current model.
    }
  }

  async patch(key: string, fields: Record<string, unknown>): Promise<void> {
    await this.link.request("sessions.patch", { key, ...fields });
    this.wrote();
    await this.refresh();
  }

  async remove(key: string): Promise<void> {
    await this.link.request("sessions.delete", { key });
    this.wrote();
    this.rows = this.rows.filter((row) => row.key !== key);
    this.changed();
    this.refreshSoon();
  }
}
