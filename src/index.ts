/**
 * The library's modules, each under its own name.
 *
 * @since 0.1.0
 */
export * as Address from "./Address.ts"
export * as Client from "./Client.ts"
export * as Command from "./Command.ts"
export * as commands from "./commands/index.ts"
export * as Connector from "./Connector.ts"
export * as Credentials from "./Credentials.ts"
export * as Errors from "./Errors.ts"
export * as KeyspaceEvents from "./KeyspaceEvents.ts"
export * as Metrics from "./Metrics.ts"
export * as MonitorStream from "./MonitorStream.ts"
export * as Options from "./Options.ts"
export * as Pool from "./Pool.ts"
export * as PopStream from "./PopStream.ts"
export * as PubSub from "./PubSub.ts"
export * as RedisClient from "./RedisClient.ts"
export * as RedisUrl from "./RedisUrl.ts"
export * as Resp from "./Resp.ts"
export * as Sentinel from "./Sentinel.ts"
export * as Telemetry from "./Telemetry.ts"
export * as Topology from "./Topology.ts"
