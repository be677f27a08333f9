import { mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { type Edge, freePort, startNginx } from "@headwater/infra";

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
  // As root, nginx would work as a user who may not see our folder.
  const user = process.getuid?.() === 0 ? `user ${userInfo().username};` : "";
  return `${user}
worker_processes 1;
pid nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  log_not_found off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  open_file_cache max=1000;
  open_file_cache_valid 1s;
  open_file_cache_errors on;
  client_max_body_size 64m;
  client_body_temp_path tmp/body;
  proxy_temp_path tmp/proxy;
  fastcgi_temp_path tmp/fastcgi;
  uwsgi_temp_path tmp/uwsgi;
  scgi_temp_path tmp/scgi;
  server {
    listen 127.0.0.1:${port};
    root files;
    location / {
      dav_methods PUT;
      create_full_put_path on;
    }
  }
}
`;
}
