/**
 * The types of `monitorStream`: the commands that a server executes, as MONITOR shows them. Types only.
 *
 * How MONITOR runs on one connection is in internal/connection/monitoring.ts.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"

/**
 * A command that the server has executed.
 *
 * @since 0.1.0
 * @category models
 */
export interface MonitoredCommand<out A = string> {
  /** Tells commands from gaps. */
  readonly _tag: "MonitoredCommand"
  /** When it was executed, by the server's clock, to the millisecond. */
  readonly at: DateTime.Utc
  /** The microseconds since the last whole second; those of the milliseconds in `at` are included. */
  readonly micros: number
  /** The number of the database. */
  readonly database: number
  /** Who sent it: the client's address as `host:port`, `unix:` and a path, or `lua` for a script. */
  readonly client: string
  /**
   * The words of the command and its arguments. The server replaces passwords of AUTH, HELLO and MIGRATE by
   * `(redacted)`, and nothing else. Valkey 8.1 does not escape backslashes: there, one before a letter such as `n` is
   * read as an escape.
   */
  readonly args: ReadonlyArray<A>
}

/**
 * Options of a monitor.
 *
 * @since 0.1.0
 * @category models
 */
export interface MonitorOptions {
  /** How many commands may wait for the reader, at least 1. Default 10,000. Those beyond it are dropped and counted in a `Gap`. */
  readonly capacity?: number | undefined
}
