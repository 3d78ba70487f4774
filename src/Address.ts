/**
 * Addresses of servers: a host and a port, or a unix socket. Parses, checks and
 * prints them; it does not resolve names and opens no connection.
 *
 * @since 0.1.0
 */
import { isIPv6 } from "node:net"

/**
 * A TCP address.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tcp {
  /** A host name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string
  /** The port, from 1 to 65535. */
  readonly port: number
}

/**
 * A unix domain socket.
 *
 * @since 0.1.0
 * @category models
 */
export interface Unix {
  /** The path of the socket file. */
  readonly path: string
}

/**
 * Where a server listens.
 *
 * @since 0.1.0
 * @category models
 */
export type Address = Tcp | Unix

/**
 * An address as options accept it: `"host:port"`, `"host"`, `"[::1]:6379"`,
 * `"unix:/path"`, `"/path"`, or an object. Without a port, the default port of the
 * option applies: 26379 for a sentinel, 6379 for everything else.
 *
 * @since 0.1.0
 * @category models
 */
export type Input = string | Address

/**
 * Whether an address is a unix domain socket.
 *
 * @since 0.1.0
 * @category guards
 */
export const isUnix = (address: Address): address is Unix => "path" in address

/**
 * An address as text: `host:port`, `[IPv6]:port` or `unix:/path`.
 *
 * @since 0.1.0
 * @category formatting
 */
export const format = (address: Address): string =>
  isUnix(address)
    ? `unix:${address.path}`
    : address.host.includes(":")
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`

/**
 * Parses an address. Gives the address, or a text that says what is wrong with the
 * input. That text does not repeat the input, since it may contain a password, as
 * in `user:pass@host`. An object is copied.
 *
 * @since 0.1.0
 * @category parsing
 */
export const parse = (input: Input, defaultPort: number): Address | string => {
  if (typeof input === "object" && input !== null) {
    try {
      if (isUnix(input)) {
        const path = input.path
        return checkPath(path) ?? { path }
      }
      const { host, port } = input
      return checkHost(host) ?? checkPort(port) ?? { host, port }
    } catch {
      return "reading it fails with an exception"
    }
  }
  if (typeof input !== "string") {
    return `expected an address as a string or an object, got ${input === null ? "null" : typeof input}`
  }
  if (input.startsWith("unix:")) return parse({ path: input.slice(5) }, defaultPort)
  if (input.startsWith("/")) return parse({ path: input }, defaultPort)
  if (input.includes("@") || input.includes("://")) {
    return "expected host:port, not a URL: pass the user, the password, TLS and the database as options"
  }
  if (input.length > 300) return "an address has at most 300 characters"
  let host = input
  let port: number = defaultPort
  const bracket = /^\[([^\]]*)\](?::(\d+))?$/.exec(input)
  if (bracket !== null) {
    host = bracket[1]!
    if (bracket[2] !== undefined) port = Number(bracket[2])
  } else if (input.indexOf(":") !== -1 && input.indexOf(":") === input.lastIndexOf(":")) {
    const [h, p] = input.split(":") as [string, string]
    if (!/^\d+$/.test(p)) return "the port after the colon is missing, or is not a number"
    host = h
    port = Number(p)
  }
  return checkHost(host) ?? checkPort(port) ?? { host, port }
}

const checkHost = (host: unknown): string | undefined =>
  typeof host !== "string" || host === ""
    ? "the host is empty"
    : host.length > 255 || !/^[A-Za-z0-9._:%-]+$/.test(host)
    ? "the host is too long, or contains characters that no host has"
    : host.includes(":") && !isIPv6(host)
    ? "the host has several colons, but is not an IPv6 address"
    : undefined

const checkPath = (path: unknown): string | undefined =>
  typeof path !== "string" || path === "" || path.length > 255 || /\p{Cc}/u.test(path)
    ? "the path of the Unix socket is empty, too long, or contains control characters"
    // Such a path is a URL, and is shown wherever the address is.
    : /:.*@/.test(path)
    ? "expected the path of a Unix socket, not a URL"
    : undefined

const checkPort = (port: unknown): string | undefined =>
  typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65535
    ? undefined
    : "the port must be a whole number from 1 to 65535"

/**
 * Whether two addresses are the same, compared as text: a host name and its
 * address are different.
 *
 * @since 0.1.0
 * @category guards
 */
export const equals = (a: Address, b: Address): boolean => format(a) === format(b)
