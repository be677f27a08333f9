/**
 * Aborted, with the reason, at the first SIGTERM or SIGINT, or when the parent that started this process with an IPC
 * channel has gone. Later signals change nothing: Ctrl-C reaches a process twice, from the terminal and from its
 * parent, and the drain has a deadline of its own.
 */
export function stopRequest(): AbortSignal {
  const controller = new AbortController();
  const stop = (reason: string) => () => controller.abort(reason);
  process.on("SIGTERM", stop("SIGTERM"));
  process.on("SIGINT", stop("SIGINT"));
  if (process.connected) {
    process.once("disconnect", stop("the parent has ended"));
    // The channel is watched, but must not keep a process alive that has drained.
    process.channel?.unref();
  }
  return controller.signal;
}
