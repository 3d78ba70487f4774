/**
 * The keyspace notifications of the conformance scripts: what a server publishes for each request, in its order.
 */
import { scripts } from "./scripts.ts"
import { Talk } from "./wire.ts"
import { words } from "./words.ts"

/** What one request has published: `event key` for both channels, or the messages of one that has no other. */
export interface Notified {
  readonly line: string
  readonly events: ReadonlyArray<string>
}

/** Scripts of the data commands, in which no session waits and none is told anything. */
export const notifying: ReadonlyArray<readonly [name: string, script: string]> = Object.entries(scripts).filter((
  [, script]
) =>
  !/^(?:[~?k6ti] )?\d?[!<]/m.test(script) &&
  !/^(?:[~?k6ti] )?(?:\d> )?(?:ACL|AUTH|HELLO|CLIENT REPLY|RESET|MONITOR|SHUTDOWN|DEBUG|.*SUBSCRIBE|CONFIG|REPLICAOF|SLAVEOF)/m
    .test(script)
)

/** Lines of which a node in memory publishes something else, each with the reason. */
export const knownDifferences: Readonly<Record<string, string>> = {
  "GEOSEARCH missing FROMLONLAT 1 1 BYBOX 1 1 km WHAT": "the server looks for the key before it has read all options"
}

/** Runs a script on a server with all notifications, and collects what each of its lines has published. */
export const notificationsOf = async (port: number, script: string): Promise<ReadonlyArray<Notified>> => {
  const control = new Talk(port)
  const listener = new Talk(port)
  const sessions = new Map<string, Talk>()
  const all: Array<Notified> = []
  try {
    await control.ask("FLUSHALL")
    await control.ask("CONFIG", "SET", "notify-keyspace-events", "KEAmn")
    await listener.ask("PSUBSCRIBE", "__key*@*__:*")
    await listener.ask("SUBSCRIBE", "marker")
    for (const raw of script.trim().split("\n")) {
      if (raw.startsWith("#")) continue
      const [, who = "", rest = ""] = /^(?:[~?k6ti] )?(?:(\d?)> ?)?(.*)$/.exec(raw)!
      const talk = sessions.get(who) ?? new Talk(port)
      sessions.set(who, talk)
      await talk.ask(...words(rest) as [string]).catch((error: Error) => {
        throw new Error(`${raw}: ${error.message}`)
      })
      await control.ask("PUBLISH", "marker", "")
      const events: Array<string> = []
      let pending: string | undefined
      for (;;) {
        const [, parts] = await listener.next()
        const [kind, , channel, payload] = Array.from(
          parts as ReadonlyArray<readonly [string, string]>,
          ([, text]) => text
        )
        if (kind === "message") break
        const [, type, database, name] = /^__(keyspace|keyevent)@(\d+)__:([\s\S]*)$/.exec(channel!)!
        const shown = type === "keyspace" ? `${payload} ${name} ${database}` : `${name} ${payload} ${database}`
        if (type === "keyspace") pending = shown
        else {
          events.push(pending === shown ? shown : `!${pending} ${shown}`)
          pending = undefined
        }
      }
      all.push({ line: raw, events })
    }
    return all
  } finally {
    await control.ask("CONFIG", "SET", "notify-keyspace-events", "")
    control.end()
    listener.end()
    for (const talk of sessions.values()) talk.end()
  }
}
