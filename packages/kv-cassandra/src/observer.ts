import { metrics, type policies, tracker } from "cassandra-driver";
import { mayPass } from "./deadline.ts";
import { Hedging } from "./hedging.ts";
import { LateNodes } from "./late-nodes.ts";

/** A node that takes longer does not count as one that answers. */
const TIMELY_MS = 150;

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
  readonly lateNodes: LateNodes;
}

/** A class that the driver insists on, and leaves out of its types. */
const { RequestTracker } = tracker as unknown as { RequestTracker: new () => tracker.RequestTracker };

/** The driver's hooks of one client: hedges after a delay taken from its own latencies, and counts hedges and retries; late nodes. */
export function hooksOf(table: StoreEvent["table"], onEvent: (event: StoreEvent) => void): Hooks {
  const lateNodes = new LateNodes();
  const hedging = new Hedging((node) => {
    lateNodes.late(node, performance.now());
    onEvent({ table, event: "hedge" });
  });
  const counters = new metrics.DefaultMetrics() as metrics.DefaultMetrics & { readonly retries: NodeJS.EventEmitter };
  counters.retries.on("increment", () => onEvent({ table, event: "retry" }));
  return {
    lateNodes,
    metrics: counters,
    requestTracker: Object.assign(new RequestTracker(), {
      onSuccess: ((host, query, _parameters, _options, _sentBytes, _receivedBytes, [seconds = 0, nanoseconds = 0]) => {
        const tookMs = seconds * 1000 + nanoseconds / 1e6;
        hedging.answered(kindOf(query), tookMs);
        if (tookMs <= TIMELY_MS) lateNodes.answered(host);
      }) as tracker.RequestTracker["onSuccess"],
      onError: ((host, _query, _parameters, _options, _sentBytes, error) => {
        if (mayPass(error)) lateNodes.late(host, performance.now());
      }) as tracker.RequestTracker["onError"],
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
