/**
 * Sample calls of the commands of src/commands/connection.ts, clients.ts and session.ts, and what those are that servers flag neither `readonly` nor `write`.
 */
import { commands as c } from "../../../src/index.ts"
import { asks, type Unflagged } from "./unflagged.ts"

const types = ["normal", "primary", "replica", "pubsub"] as const

/** Every property that a filter can have. */
const properties = {
  user: "u",
  addr: "127.0.0.1:1",
  laddr: "127.0.0.1:2",
  maxage: "1 hour",
  ip: "127.0.0.1",
  name: "n",
  idle: "10 seconds",
  flags: "N",
  libName: "l",
  libVer: "1",
  db: 0,
  capa: "r",
  not: {
    id: [3, 4],
    type: "pubsub",
    user: "v",
    addr: "127.0.0.1:3",
    laddr: "127.0.0.1:4",
    ip: "127.0.0.2",
    name: "m",
    flags: "b",
    libName: "k",
    libVer: "2",
    db: 1,
    capa: "r"
  }
} as const

export const connection = {
  ping: [c.ping(), c.ping("hello")],
  echo: [c.echo("hello")],
  clientId: [c.clientId()],
  clientInfo: [c.clientInfo()],
  clientList: [
    c.clientList(),
    c.clientList({ ids: [1, 2] }),
    ...types.map((type) => c.clientList({ type })),
    c.clientList({ ...properties, skipme: true }),
    c.clientList({ ids: [1], user: "u", skipme: false })
  ],
  clientGetname: [c.clientGetname()],
  clientKill: [
    c.clientKill({ id: 1, user: "u", addr: "127.0.0.1:1", laddr: "127.0.0.1:2", skipme: true }),
    c.clientKill({ id: [1, 2], skipme: false }),
    ...types.map((type) => c.clientKill({ type })),
    c.clientKill(properties)
  ],
  clientUnblock: [c.clientUnblock(1), c.clientUnblock(1, "timeout"), c.clientUnblock(1, "error")],
  clientPause: [c.clientPause("1 second"), c.clientPause("1 second", "write"), c.clientPause("100 millis", "all")],
  clientUnpause: [c.clientUnpause()],
  clientGetredir: [c.clientGetredir()],
  clientTrackinginfo: [c.clientTrackinginfo()],
  clientSetname: [c.clientSetname("me")],
  clientNoEvict: [c.clientNoEvict(true), c.clientNoEvict(false)],
  clientNoTouch: [c.clientNoTouch(true), c.clientNoTouch(false)]
}

const ofConnection: Unflagged = {
  mode: "read",
  repeatable: true,
  why: "it concerns a connection, whatever the role of the server"
}

export const unflagged: Readonly<Record<string, Unflagged>> = {
  "PING": asks,
  "ECHO": asks,
  "CLIENT ID": asks,
  "CLIENT INFO": asks,
  "CLIENT LIST": asks,
  "CLIENT GETNAME": asks,
  "CLIENT GETREDIR": asks,
  "CLIENT TRACKINGINFO": asks,
  "CLIENT SETNAME": ofConnection,
  "CLIENT NO-EVICT": ofConnection,
  "CLIENT NO-TOUCH": ofConnection,
  "CLIENT KILL": {
    mode: "read",
    repeatable: false,
    why: "a replica closes its own connections; again, it closes those that were made meanwhile, and counts anew"
  },
  "CLIENT UNBLOCK": {
    mode: "read",
    repeatable: false,
    why: "a replica may have waiting clients; again, it ends the next wait of the connection"
  },
  "CLIENT PAUSE": { mode: "write", repeatable: false, why: "it stops the clients of a server, and again for longer" },
  "CLIENT UNPAUSE": { mode: "write", repeatable: false, why: "again, it ends a pause that began meanwhile" }
}
