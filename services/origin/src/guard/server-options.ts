import type { ServerOptions } from "node:http";

/**
 * Edges send a head at once. One that is not whole after this, of a connection that has sent none yet too, is 408, and
 * the connection closed; Node looks once a second.
 */
export const SERVER_OPTIONS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
};

/** How long a connection is kept after its first answer, where no token tells who it is: it may be one nobody reads. */
export const FIRST_IDLE_MS = 10_000;
