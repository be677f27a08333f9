import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, type Part, startNginx } from "@headwater/infra";
import { nginxConfig } from "../nginx-config.ts";

/** nginx in front of several origins and several publishers. */
export interface Balancer extends Part {
  readonly readUrl: string;
  readonly publishUrl: string;
}

export interface BalancerOptions {
  readonly dir: string;
  /** host:port of each. */
  readonly origins: readonly string[];
  readonly publishers: readonly string[];
}

/** It keeps nothing, and has no checks of its own: it finds out by its requests which one is there. */
export async function startBalancer({ dir, origins, publishers }: BalancerOptions): Promise<Balancer> {
  const [readPort, publishPort] = [await freePort(), await freePort()];
  await mkdir(join(dir, "tmp"), { recursive: true });
  const configFile = join(dir, "nginx.conf");
  await writeFile(configFile, config(origins, readPort, publishers, publishPort));
  const nginx = await startNginx({ configFile, dir, port: readPort });
  return { ...nginx, readUrl: `http://127.0.0.1:${readPort}`, publishUrl: `http://127.0.0.1:${publishPort}` };
}

function config(origins: readonly string[], readPort: number, publishers: readonly string[], publishPort: number) {
  const servers = (addresses: readonly string[]) =>
    addresses.map((address) => `    server ${address} max_fails=0;`).join("\n");
  return nginxConfig(`  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_connect_timeout 1s;
  proxy_read_timeout 15s;
  # Shorter than origin and publisher keep an idle connection.
  upstream origins {
${servers(origins)}
    keepalive 32;
    keepalive_timeout 5s;
  }
  upstream publishers {
${servers(publishers)}
    keepalive 32;
    keepalive_timeout 5s;
  }
  server {
    listen 127.0.0.1:${readPort};
    location / {
      proxy_pass http://origins;
      # An origin that drains holds no new request: the other one does.
      proxy_next_upstream error timeout http_503;
    }
  }
  server {
    listen 127.0.0.1:${publishPort};
    location / {
      proxy_pass http://publishers;
      # The body is whole before a publisher sees it, so it can be sent to the other one too.
      proxy_request_buffering on;
      proxy_next_upstream error timeout;
    }
  }
`);
}
