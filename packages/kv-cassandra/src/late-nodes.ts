import { type Host, policies, type types } from "cassandra-driver";

/** One late answer may be chance. */
const LATE_TIMES = 2;
const TRIAL_EVERY_MS = 1000;

type LoadBalancing = policies.loadBalancing.LoadBalancingPolicy;

/** The nodes that let requests wait, one after another. Time is monotonic, in ms. */
export class LateNodes {
  readonly #late = new WeakMap<object, { times: number; trialAtMs: number }>();

  /** A request was sent elsewhere, or failed, as the node had not done it in time. */
  late(node: object, nowMs: number): void {
    const times = (this.#late.get(node)?.times ?? 0) + 1;
    this.#late.set(node, { times, trialAtMs: nowMs + TRIAL_EVERY_MS });
  }

  answered(node: object): void {
    this.#late.delete(node);
  }

  /** Whether others are to be asked before it. Once a second a request that is its own is let through, as a trial. */
  isSpared(node: object, nowMs: number, isFirst: boolean): boolean {
    const known = this.#late.get(node);
    if (known === undefined || known.times < LATE_TIMES) return false;
    if (!isFirst || nowMs < known.trialAtMs) return true;
    known.trialAtMs = nowMs + TRIAL_EVERY_MS;
    return false;
  }
}

/** Another's plans, with late nodes at their ends. */
export class SparingPolicy extends policies.loadBalancing.LoadBalancingPolicy {
  readonly #plans: LoadBalancing;
  readonly #nodes: LateNodes;

  constructor(plans: LoadBalancing, nodes: LateNodes) {
    super();
    this.#plans = plans;
    this.#nodes = nodes;
  }

  override init(...given: Parameters<LoadBalancing["init"]>): void {
    this.#plans.init(...given);
  }

  override getDistance(host: Host): types.distance {
    return this.#plans.getDistance(host);
  }

  override newQueryPlan(...[keyspace, options, callback]: Parameters<LoadBalancing["newQueryPlan"]>): void {
    this.#plans.newQueryPlan(keyspace, options, (error, plan) =>
      callback(error, error ? plan : lateLast(plan, this.#nodes, performance.now())),
    );
  }

  override getOptions(): Map<string, object> {
    return this.#plans.getOptions();
  }
}

/** Lazily, as the driver asks for a second node only when the first is not enough. */
export function* lateLast<Node extends object>(
  plan: Iterator<Node>,
  nodes: LateNodes,
  nowMs: number,
): Generator<Node, void> {
  const spared: Node[] = [];
  let isFirst = true;
  for (let next = plan.next(); !next.done; next = plan.next()) {
    if (nodes.isSpared(next.value, nowMs, isFirst)) spared.push(next.value);
    else yield next.value;
    isFirst = false;
  }
  yield* spared;
}
