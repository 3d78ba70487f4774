/**
 * The attributes of nodes: what a client was made for, and who has answered.
 */
import * as Address from "../../Address.ts"

/** A connection, for telemetry. */
export interface Peer {
  readonly address: Address.Address
  readonly addressText: string
  /** The address and port of the other end, if known. */
  readonly remote: string | undefined
}

/** `network.peer.*` of one connection. */
export interface PeerAttributes {
  readonly key: string
  readonly attributes: Readonly<Record<string, string | number>>
}

const peers = new WeakMap<Peer, PeerAttributes>()

/** The node at the other end of a connection: its address in the network, where that is known. */
export const peerOf = (connection: Peer): PeerAttributes => {
  let peer = peers.get(connection)
  if (peer === undefined) {
    const found = connection.remote === undefined ? connection.address : Address.parse(connection.remote, 6379)
    const address = typeof found === "string" ? connection.address : found
    const attributes: Record<string, string | number> = Address.isUnix(address)
      ? { "network.peer.address": address.path }
      : { "network.peer.address": address.host, "network.peer.port": address.port }
    peers.set(connection, peer = { key: Address.format(address), attributes })
  }
  return peer
}

/** What a client was made for: one server, or a group, which has a name in place of an address. */
export interface ServerIdentity {
  readonly server: Address.Address | { readonly group: string }
  readonly database: number
}

/** `server.address`, and `server.port` where there is one. */
export const serverAttributes = ({ server }: ServerIdentity): Readonly<Record<string, string | number>> =>
  "group" in server
    ? { "server.address": server.group }
    : Address.isUnix(server)
    ? { "server.address": server.path }
    : { "server.address": server.host, "server.port": server.port }
