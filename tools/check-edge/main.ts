// `npm run check-edge -- https://cdn.example --control URL --token TOKEN [--publish URL]`: which of Headwater's promises
// survive a CDN in front of it. Prints a table; the exit code is 1 when one is broken, 2 when it could not be told.
import { commandLine } from "@headwater/infra";
import { checkEdge, isBroken, table } from "./check.ts";

const USAGE = `npm run check-edge -- https://cdn.example --control http://control:7103 --token TOKEN [--publish http://publisher:7101]
  TOKEN is an operator's, or HEADWATER_OPERATOR_TOKEN; --publish is needed where control tells another publisher than is
  reached from here. It makes an event of its own, publishes to it for 15 s and deletes it.
`;

const { positionals, values } = commandLine(USAGE, {
  control: { type: "string" },
  token: { type: "string", default: process.env.HEADWATER_OPERATOR_TOKEN ?? "" },
  publish: { type: "string" },
});
const [edgeUrl, more] = positionals;

if (edgeUrl === undefined || more !== undefined || values.control === undefined || values.token === "") {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await check(edgeUrl, values.control);
}

async function check(edge: string, control: string): Promise<void> {
  const options = {
    edgeUrl: bare(edge),
    controlUrl: bare(control),
    operatorToken: values.token,
    publisherUrl: values.publish && bare(values.publish),
  };
  try {
    const findings = await checkEdge(options);
    process.stdout.write(`${table(findings)}\n`);
    process.exitCode = isBroken(findings) ? 1 : 0;
  } catch (error) {
    process.stderr.write(`check-edge: ${(error as Error).message}\n`);
    process.exitCode = 2;
  }
  // Connections that edges keep open must not keep us.
  process.exit();
}

function bare(url: string): string {
  return url.replace(/\/+$/, "");
}
