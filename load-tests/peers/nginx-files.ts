import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Edge, freePort, startNginx } from "@headwater/infra";
import { nginxConfig } from "../nginx-config.ts";

/** nginx as a store of plain files below `dir`: PUT writes one, GET sends it, a missing one is 404. */
export async function startNginxFiles(dir: string): Promise<Edge> {
  const port = await freePort();
  const prefix = join(dir, `nginx-${port}`);
  await mkdir(join(prefix, "files"), { recursive: true });
  await mkdir(join(prefix, "tmp"));
  const configFile = join(prefix, "nginx.conf");
  await writeFile(configFile, config(port));
  return startNginx({ configFile, dir: prefix, port });
}

/** Bodies are written beside the files, so that a PUT ends with a rename. It has what makes static files cheap. */
function config(port: number): string {
  return nginxConfig(`  log_not_found off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  open_file_cache max=1000;
  open_file_cache_valid 1s;
  open_file_cache_errors on;
  server {
    listen 127.0.0.1:${port};
    root files;
    location / {
      dav_methods PUT;
      create_full_put_path on;
    }
  }
`);
}
