/** Serves the built site on loopback. Only for looking at it: a site on the web belongs to a web server. */
import { readFileSync, statSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { extname, join, normalize } from "node:path"

const types: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2"
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true

/** The file of a request. A path that leads out of `dist` ends at its root. */
const fileOf = (dist: string, url: string): string | undefined => {
  try {
    const path = normalize(decodeURIComponent(new URL(url, "http://localhost").pathname))
    return [path, join(path, "index.html"), `${path}.html`].map((name) => join(dist, name)).find(isFile)
  } catch {
    return undefined
  }
}

/** A server of the files in `dist`, once it listens; port 0 takes a free one. */
export const serve = (dist: string, port: number): Promise<{ readonly server: Server; readonly port: number }> =>
  new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      const file = fileOf(dist, request.url ?? "/")
      const found = file ?? join(dist, "404.html")
      response.writeHead(file === undefined ? 404 : 200, {
        "content-type": types[extname(found)] ?? "application/octet-stream",
        "cache-control": "no-store"
      })
      response.end(readFileSync(found))
    })
    server.once("error", reject)
    server.listen(port, "127.0.0.1", () => resolve({ server, port: (server.address() as AddressInfo).port }))
  })
