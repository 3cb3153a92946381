/**
 * What the tabs of one browser tell each other: that the list of sessions changed, by a channel of the own origin, and
 * that the user signed out, by the storage they share. Nothing that arrives is more than a hint to look again.
 */
const CHANNEL = "carapace";
const SESSIONS_CHANGED = "sessions-changed";

export class OtherTabs {
  private readonly channel = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;

  constructor(sessionsChanged: () => void) {
    if (!this.channel) return;
    this.channel.onmessage = (message) => {
      if (message.data === SESSIONS_CHANGED) sessionsChanged();
    };
  }

  tellSessionsChanged(): void {
    this.channel?.postMessage(SESSIONS_CHANGED);
  }
}
