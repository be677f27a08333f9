/** Uploads under way. A client that has gone ends its request, but not the commit of a body that came whole. */
export class Inflight {
  readonly #running = new Set<Promise<unknown>>();

  track<T>(work: Promise<T>): Promise<T> {
    const ended = work.then(
      () => {},
      () => {},
    );
    this.#running.add(ended);
    void ended.then(() => this.#running.delete(ended));
    return work;
  }

  /** Resolves when everything under way has ended; each body and each store call has its own deadline. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }
}
