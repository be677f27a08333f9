import { metrics, type policies, tracker } from "cassandra-driver";
import { Hedging } from "./hedging.ts";

/** What the store did about a request that was late or failed. */
export interface StoreEvent {
  readonly table: "rows" | "chunks";
  /**
   * `hedge`: sent to a second node before the first had answered. `retry`: sent again after a failure. `failed`: given
   * up after all that.
   */
  readonly event: "hedge" | "retry" | "failed";
}

/** An operation that has ended, with all its retries and hedges. */
export interface StoreOperation {
  readonly table: StoreEvent["table"];
  readonly operation: "read" | "write";
  readonly tookMs: number;
}

interface Hooks {
  readonly metrics: metrics.ClientMetrics;
  readonly requestTracker: tracker.RequestTracker;
  readonly speculativeExecution: policies.speculativeExecution.SpeculativeExecutionPolicy;
}

/** A class that the driver insists on, and leaves out of its types. */
const { RequestTracker } = tracker as unknown as { RequestTracker: new () => tracker.RequestTracker };

/** The driver's hooks of one client: hedges after a delay taken from its own latencies, and counts hedges and retries. */
export function hooksOf(table: StoreEvent["table"], onEvent: (event: StoreEvent) => void): Hooks {
  const hedging = new Hedging(() => onEvent({ table, event: "hedge" }));
  const counters = new metrics.DefaultMetrics() as metrics.DefaultMetrics & { readonly retries: NodeJS.EventEmitter };
  counters.retries.on("increment", () => onEvent({ table, event: "retry" }));
  return {
    metrics: counters,
    requestTracker: Object.assign(new RequestTracker(), {
      onSuccess: ((_host, query, _parameters, _options, _sentBytes, _receivedBytes, [seconds = 0, nanoseconds = 0]) =>
        hedging.answered(kindOf(query), seconds * 1000 + nanoseconds / 1e6)) as tracker.RequestTracker["onSuccess"],
    }),
    speculativeExecution: {
      init() {},
      newPlan: (_keyspace, query) => hedging.plan(kindOf(query)),
      getOptions: () => new Map(),
      shutdown() {},
    },
  };
}

/** Reads and writes differ in what they cost. */
const kindOf = (query: unknown) => (String(query).startsWith("SELECT") ? "read" : "write");
