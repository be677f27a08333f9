import type { Namespace, Row } from "@headwater/kv";

/** "This row has just been committed." */
export interface Notice {
  readonly namespace: Namespace;
  readonly row: Row;
}

export interface NoticeListener {
  /** Called once for each notice, each publisher's in its order; rows of this very process included. Must not throw. */
  onNotice(notice: Notice): void;
  /** Notices may have been lost (a gap in a sequence, a reconnect): what is known must be read again from the kv. */
  onGap(): void;
}

export interface Subscription {
  /**
   * The time (ms since the Unix epoch) up to which every committed row has been handed to the listener, as far as
   * notices can tell; 0 when they cannot. A reader may say "not there" from memory only below it. What has come but was
   * not yet handed over may be handed to the listener by this very call.
   */
  completeUntilMs(): number;
  close(): Promise<void>;
}

/** Tells every process of a fresh commit. Makes things fast, never right: the kv is the truth. */
export interface Notices {
  /** Called after the row's commit. Resolves within 20 ms, and never rejects, whatever happens to the notice. */
  publish(notice: Notice): Promise<void>;
  /** Resolves when the subscription is in force, or has failed for now and is being retried. */
  subscribe(listener: NoticeListener): Promise<Subscription>;
}
