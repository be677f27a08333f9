import type { DatabaseSync } from "node:sqlite";
import { kvErrorOf, transaction } from "./database.ts";

interface Write<Result = unknown> {
  readonly work: () => Result;
  readonly done: PromiseWithResolvers<Result>;
}

/**
 * Commits the writes that have come since the last commit as one: a commit waits for the disk, and all who wrote for
 * the same instant, as the renditions of an event do, wait for it once.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  #waiting: Write[] = [];

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Runs `work` in the next transaction. Resolves to what it returns when that is durable; rejects with `KvError`. */
  write<Result>(work: () => Result): Promise<Result> {
    if (this.#waiting.length === 0) setImmediate(() => this.flush());
    const done = Promise.withResolvers<Result>();
    this.#waiting.push({ work, done } as Write);
    return done.promise;
  }

  /** Commits what waits. */
  flush(): void {
    const group = this.#waiting;
    this.#waiting = [];
    if (group.length > 0) {
      this.#commit(group);
    }
  }

  #commit(group: readonly Write[]): void {
    let results: unknown[];
    try {
      results = transaction(this.#db, () => group.map(({ work }) => work()));
    } catch (error) {
      const failure = kvErrorOf(error);
      // Where there is no room for all of them, there may be for some.
      if (failure.code === "full" && group.length > 1) for (const one of group) this.#commit([one]);
      else for (const { done } of group) done.reject(failure);
      return;
    }
    for (const [i, { done }] of group.entries()) done.resolve(results[i]);
  }
}
