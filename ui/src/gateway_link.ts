import { gatewayAddress } from "./gateway_address.js";
import type { EventFrame, Hello, ResponseFrame, WireError } from "./wire_types.js";

const CHALLENGE_WAIT_MS = 750;
const REQUEST_TIMEOUT_MS = 30_000;
const LARGEST_FRAME = 512 * 1024;
const BACKOFF_FIRST_MS = 800;
const BACKOFF_FACTOR = 1.7;
const BACKOFF_MAX_MS = 15_000;

export class RequestError extends Error {
  constructor(
    message: string,
    /** The gateway's code, or LINK_LOST / TIMEOUT when no answer came. */
    readonly code: string,
    readonly details?: unknown,
  ) {
    super(message);
  }

  /** True when the request may or may not have reached the gateway. */
  get unanswered(): boolean {
    return this.code === "LINK_LOST" || this.code === "TIMEOUT";
  }
}

export interface LinkListener {
  connecting(): void;
  open(hello: Hello): void;
  /** The link is gone and will be tried again after this delay. */
  lost(retryInMs: number): void;
  /** The gateway said no; trying again with the same token is pointless. */
  refused(error: WireError): void;
  event(frame: EventFrame): void;
  gap(): void;
}

interface Pending {
  resolve(payload: unknown): void;
  reject(error: RequestError): void;
  timer: number;
}

/** One logical connection to the gateway: handshake, requests, events, reconnection. */
export class GatewayLink {
  private socket: WebSocket | null = null;
  private token = "";
  private pending = new Map<string, Pending>();
  private ready = false;
  private greeted = false;
  private wanted = false;
  private delay = BACKOFF_FIRST_MS;
  private retryTimer = 0;
  private challengeTimer = 0;
  private quietTimer = 0;
  private quietLimit = 60_000;
  private largestFrame = LARGEST_FRAME;
  private lastSeq: number | null = null;
  private readonly instanceId = randomId();

  constructor(private readonly listener: LinkListener) {
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.hurry();
    });
  }

  get isReady(): boolean {
    return this.ready;
  }

  start(token: string): void {
    this.stop();
    this.token = token;
    this.wanted = true;
    this.delay = BACKOFF_FIRST_MS;
    this.dial();
  }

  stop(): void {
    this.wanted = false;
    window.clearTimeout(this.retryTimer);
    this.drop(1000, "bye");
  }

  /** Skips the rest of a back-off pause, for a network that just came back. */
  hurry(): void {
    if (!this.wanted || this.socket) return;
    window.clearTimeout(this.retryTimer);
    this.delay = BACKOFF_FIRST_MS;
    this.dial();
  }

  request<T>(method: string, params: unknown = {}): Promise<T> {
    if (!this.ready) return Promise.reject(new RequestError("not connected", "LINK_LOST"));
    return this.send<T>(method, params);
  }

  private send<T>(method: string, params: unknown): Promise<T> {
    const socket = this.socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new RequestError("not connected", "LINK_LOST"));
    }
    const id = randomId();
    const text = JSON.stringify({ type: "req", id, method, params });
    // The gateway closes the connection on a larger frame, and would do so on every repeat.
    if (new Blob([text]).size > this.largestFrame) return Promise.reject(new RequestError("The message is too long.", "TOO_LARGE"));
    return new Promise<T>((resolve, reject) => {
      const timer = window.setTimeout(() => {
        this.pending.delete(id);
        reject(new RequestError("the gateway did not answer in time", "TIMEOUT"));
      }, REQUEST_TIMEOUT_MS);
      this.pending.set(id, { resolve: resolve as (payload: unknown) => void, reject, timer });
      socket.send(text);
    });
  }

  private dial(): void {
    this.listener.connecting();
    this.lastSeq = null;
    this.greeted = false;
    let socket: WebSocket;
    try {
      socket = new WebSocket(gatewayAddress(window.location));
    } catch {
      this.scheduleRetry();
      return;
    }
    this.socket = socket;
    socket.onopen = () => {
      this.challengeTimer = window.setTimeout(() => this.greet(socket), CHALLENGE_WAIT_MS);
    };
    socket.onmessage = (message) => {
      if (socket === this.socket && typeof message.data === "string") this.receive(socket, message.data);
    };
    socket.onclose = () => {
      if (socket !== this.socket) return;
      this.forgetSocket();
      if (this.wanted) this.scheduleRetry();
    };
    // An error is always followed by a close, which does the work.
    socket.onerror = () => undefined;
  }

  private greet(socket: WebSocket): void {
    window.clearTimeout(this.challengeTimer);
    if (socket !== this.socket || this.greeted) return;
    this.greeted = true;
    this.send<Hello>("connect", {
      minProtocol: 3,
      maxProtocol: 3,
      client: {
        id: "webchat-ui",
        displayName: "Carapace web chat",
        version: __APP_VERSION__,
        platform: navigator.platform || "web",
        mode: "webchat",
        instanceId: this.instanceId,
      },
      role: "operator",
      scopes: ["operator.admin", "operator.approvals", "operator.pairing"],
      auth: { token: this.token },
      locale: navigator.language || "en",
    }).then(
      (hello) => {
        if (socket !== this.socket) return;
        this.ready = true;
        this.delay = BACKOFF_FIRST_MS;
        this.quietLimit = 2 * (hello?.policy?.tickIntervalMs || 30_000);
        this.largestFrame = hello?.policy?.maxPayload || LARGEST_FRAME;
        this.watchQuiet();
        this.listener.open(hello ?? {});
      },
      (error: RequestError) => {
        if (socket !== this.socket) return;
        if (error.unanswered || error.code === "UNAVAILABLE") {
          this.drop(4008, "connect failed");
          if (this.wanted) this.scheduleRetry();
          return;
        }
        this.wanted = false;
        this.drop(4008, "connect failed");
        this.listener.refused({ code: error.code, message: error.message });
      },
    );
  }

  private receive(socket: WebSocket, text: string): void {
    let frame: ResponseFrame | EventFrame;
    try {
      frame = JSON.parse(text) as ResponseFrame | EventFrame;
    } catch {
      return;
    }
    if (!frame || typeof frame !== "object") return;
    if (this.ready) this.watchQuiet();
    if (frame.type === "res") this.settle(frame);
    else if (frame.type === "event") {
      if (frame.event === "connect.challenge") {
        this.greet(socket);
        return;
      }
      if (!this.ready) return;
      this.checkOrder(frame.seq);
      this.listener.event(frame);
    }
  }

  private settle(frame: ResponseFrame): void {
    const pending = this.pending.get(frame.id);
    if (!pending) return;
    this.pending.delete(frame.id);
    window.clearTimeout(pending.timer);
    if (frame.ok) pending.resolve(frame.payload);
    else pending.reject(new RequestError(frame.error?.message ?? "request failed", frame.error?.code ?? "UNAVAILABLE", frame.error?.details));
  }

  private checkOrder(seq: number | undefined): void {
    if (typeof seq !== "number") return;
    const missed = this.lastSeq !== null && seq > this.lastSeq + 1;
    this.lastSeq = seq;
    if (missed) this.listener.gap();
  }

  /** The gateway ticks twice within this span; silence means a dead link that TCP has not noticed. */
  private watchQuiet(): void {
    window.clearTimeout(this.quietTimer);
    this.quietTimer = window.setTimeout(() => {
      this.drop(4000, "tick timeout");
      if (this.wanted) this.scheduleRetry();
    }, this.quietLimit);
  }

  private scheduleRetry(): void {
    const wait = this.delay;
    this.delay = Math.min(this.delay * BACKOFF_FACTOR, BACKOFF_MAX_MS);
    window.clearTimeout(this.retryTimer);
    this.retryTimer = window.setTimeout(() => this.dial(), wait);
    this.listener.lost(wait);
  }

  private drop(code: number, reason: string): void {
    const socket = this.socket;
    this.forgetSocket();
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code, reason);
  }

  private forgetSocket(): void {
    this.socket = null;
    this.ready = false;
    window.clearTimeout(this.challengeTimer);
    window.clearTimeout(this.quietTimer);
    const orphans = [...this.pending.values()];
    this.pending.clear();
    for (const orphan of orphans) {
      window.clearTimeout(orphan.timer);
      orphan.reject(new RequestError("connection lost", "LINK_LOST"));
    }
  }
}

/** crypto.randomUUID exists only in secure contexts; a LAN address over plain http is not one. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
