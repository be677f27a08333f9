// Jest runs tests in a vm context whose built-ins differ from those of Node's own modules, so `instanceof Error`
// fails for errors raised by fs or net. One realm: hand the context the outer built-ins.
import { TestEnvironment } from "jest-environment-node";

const SHARED = [
  "Error",
  "TypeError",
  "RangeError",
  "SyntaxError",
  "AggregateError",
  "Map",
  "Set",
  "WeakMap",
  "Date",
  "RegExp",
  "Promise",
];

export default class OneRealmEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of SHARED) this.global[name] = globalThis[name];
  }
}
