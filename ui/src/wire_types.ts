/** Shapes of the gateway's wire protocol, version 3, as far as this app reads them. */

export interface WireError {
  code: string;
  message: string;
  retryable?: boolean;
  details?: unknown;
}

export interface ResponseFrame {
  type: "res";
  id: string;
  ok: boolean;
  payload?: unknown;
  error?: WireError;
}

export interface EventFrame {
  type: "event";
  event: string;
  payload?: unknown;
  seq?: number;
}

export interface Hello {
  server?: { version?: string; host?: string };
  snapshot?: {
    uptimeMs?: number;
    health?: { config?: ConfigReport };
    sessionDefaults?: { defaultAgentId?: string; mainKey?: string; mainSessionKey?: string };
  };
  policy?: { tickIntervalMs?: number; maxPayload?: number };
}

export interface ConfigIssue {
  severity?: string;
  path?: string;
  message?: string;
  /** file:line:column */
  at?: string;
}

/** In `health` and `status`; the event `config.changed` has the mode and no file. */
export interface ConfigReport {
  valid?: boolean;
  file?: string;
  hash?: string;
  mode?: string;
  issues?: ConfigIssue[];
}

export interface SessionRow {
  key: string;
  label?: string;
  displayName?: string;
  derivedTitle?: string;
  lastMessagePreview?: string;
  subject?: string;
  updatedAt?: number | null;
  verboseLevel?: string;
  modelProvider?: string;
  model?: string;
}

export interface SessionsListResult {
  sessions?: SessionRow[];
  defaults?: { modelProvider?: string | null; model?: string | null };
}

export interface ModelRow {
  id: string;
  name?: string;
  provider: string;
}

export interface ContentBlock {
  type: string;
  text?: string;
  thinking?: string;
  id?: string;
  name?: string;
  arguments?: unknown;
}

export interface HistoryMessage {
  role: string;
  content?: string | ContentBlock[];
  timestamp?: number;
  model?: string;
  provider?: string;
  stopReason?: string;
  errorMessage?: string;
  toolCallId?: string;
  toolName?: string;
  isError?: boolean;
}

export interface ChatEvent {
  runId: string;
  sessionKey: string;
  state: "delta" | "final" | "aborted" | "error";
  message?: HistoryMessage;
  errorMessage?: string;
  stopReason?: string;
}

export interface AgentEvent {
  runId: string;
  sessionKey?: string;
  stream: string;
  data?: {
    text?: string;
    delta?: string;
    phase?: string;
    name?: string;
    toolCallId?: string;
    args?: unknown;
    partialResult?: unknown;
    result?: unknown;
    isError?: boolean;
    error?: string;
  };
}

export interface ApprovalRequested {
  id: string;
  request: {
    command?: string;
    cwd?: string | null;
    host?: string | null;
    sessionKey?: string | null;
    /** The tool that is to be used, what it would be called with (JSON text), and why a person is asked. */
    tool?: string | null;
    arguments?: string | null;
    reason?: string | null;
  };
  expiresAtMs?: number;
}
