import { userInfo } from "node:os";

/** A whole configuration of nginx with `http` in its http block, which keeps all its files below its prefix; `tmp` has to be there. */
export function nginxConfig(http: string): string {
  // As root, nginx would work as a user who may not see our folder.
  const user = process.getuid?.() === 0 ? `user ${userInfo().username};` : "";
  return `${user}
worker_processes 1;
pid nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  client_max_body_size 64m;
  client_body_temp_path tmp/body;
  proxy_temp_path tmp/proxy;
  fastcgi_temp_path tmp/fastcgi;
  uwsgi_temp_path tmp/uwsgi;
  scgi_temp_path tmp/scgi;
${http}}
`;
}
