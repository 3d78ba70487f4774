/**
 * Sample calls of the commands of src/commands/connection.ts, and what those are that servers flag neither `readonly` nor `write`.
 */
import { commands as c } from "../../../src/index.ts"
import { asks, type Unflagged } from "./unflagged.ts"

export const connection = {
  ping: [c.ping(), c.ping("hello")],
  echo: [c.echo("hello")],
  clientId: [c.clientId()],
  clientInfo: [c.clientInfo()],
  clientList: [
    c.clientList(),
    c.clientList({ ids: [1, 2] }),
    ...(["normal", "master", "replica", "pubsub"] as const).map((type) => c.clientList({ type }))
  ],
  clientGetname: [c.clientGetname()],
  clientKill: [
    c.clientKill({ id: 1, user: "u", addr: "127.0.0.1:1", laddr: "127.0.0.1:2", skipme: true }),
    c.clientKill({ id: 1, skipme: false }),
    ...(["normal", "master", "replica", "pubsub"] as const).map((type) => c.clientKill({ type }))
  ],
  clientUnblock: [c.clientUnblock(1), c.clientUnblock(1, "timeout"), c.clientUnblock(1, "error")],
  clientPause: [c.clientPause("1 second"), c.clientPause("1 second", "write"), c.clientPause("100 millis", "all")],
  clientUnpause: [c.clientUnpause()]
}

export const unflagged: Readonly<Record<string, Unflagged>> = {
  "PING": asks,
  "ECHO": asks,
  "CLIENT ID": asks,
  "CLIENT INFO": asks,
  "CLIENT LIST": asks,
  "CLIENT GETNAME": asks,
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
