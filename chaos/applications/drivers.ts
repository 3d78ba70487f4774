/** The clients, by name. */
import type { WorkDriver } from "./driver.ts"
import { ioredis } from "./ioredis.ts"
import { nodeRedis } from "./nodeRedis.ts"
import { ours } from "./ours.ts"

export const drivers: ReadonlyArray<WorkDriver> = [
  ours,
  ioredis("ioredis", {}),
  ioredis("ioredis, blockingTimeout", { blockingTimeout: 10_000 }),
  nodeRedis
]

export const driverNamed = (name: string): WorkDriver => {
  const driver = drivers.find((each) => each.name === name)
  if (driver === undefined) throw new Error(`no client has the name ${name}`)
  return driver
}
