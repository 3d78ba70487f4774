/**
 * The scripts of Effect's stores, and which of them may be sent again when their reply never came. They are known by the
 * SHA-1 of their texts: a script that another version of Effect has changed is an unknown one, and is not sent again.
 *
 * docs/stores.md has the reason for each.
 */

/** What the client may do with a script whose reply never came. */
export interface KnownScript {
  /** The name of the script in errors, spans and logs. */
  readonly name: string
  /**
   * - `"read"`: it changes nothing
   * - `"repeatable"`: two runs have the effect of one, whatever runs between them
   * - `"once"`: a second run would do more than the first
   */
  readonly kind: "read" | "repeatable" | "once"
}

const entries: ReadonlyArray<readonly [sha1: string, name: string, kind: KnownScript["kind"]]> = [
  ["ef283dc87ba95044fcfc85755d18473d34d361b0", "PersistedQueue offer", "repeatable"],
  ["54d396b42f49e2a49fb8fbe28b4be84100fcc496", "PersistedQueue offerDelayed", "repeatable"],
  ["b7ac239e1bb6712c6aea94ca0b025fc3a5d1964e", "PersistedQueue take", "once"],
  ["f85c8070ffeff2b0b0d201a8611dd138c332002a", "PersistedQueue complete", "repeatable"],
  ["8fe3d2edb052cca3c11ce125c0ee3104177962c2", "PersistedQueue retry", "repeatable"],
  ["a4ebe183b2449072c0d11c5bbcaed51840f6138f", "PersistedQueue failed", "repeatable"],
  ["e171b1062627ef8812bdb28755147e79d647f1dc", "PersistedQueue requeue", "repeatable"],
  ["35be2bf2136ab54846fa5de6c9e47a2dc83c1c59", "PersistedQueue resetQueue", "repeatable"],
  ["11e106d29a3cf6f0752466b481a3585edfe666a8", "PersistedQueue expireAll", "repeatable"],
  ["68012219bc9d67ea1eaad77b27e3458c2d272daf", "PersistedQueue trimFailed", "repeatable"],
  ["8e99b9746e46fdf5e0dde5349a316f886cda35ed", "Persistence setMany", "once"],
  ["d14ba1655ff5d9e32d330e17813cce09006efddf", "RateLimiter fixedWindow", "once"],
  ["03031b54df92ef8e39a74347175629efda08efef", "RateLimiter tokenBucket", "once"],
  ["6a57c585f2987d096e9c07cf49a7039600af0e83", "RateLimiter adaptiveConsume", "once"],
  ["bf297d59476cc295bc228364af0d62c075a1d3ec", "RateLimiter adaptiveFeedback", "repeatable"],
  ["e93d3d281c3e7a8624b1c9a239fd00101cccc11f", "CircuitBreaker admit", "once"],
  ["60fd55eb1ec538c0831b053992fb5b232b7fa532", "CircuitBreaker record", "once"],
  ["4d613a000bb3e861e9a765d7944555036589d177", "CircuitBreaker state", "read"],
  ["9a83432a11654eeb346f4092e929185118249230", "CircuitBreaker renew", "repeatable"]
]

/** The scripts of Effect's stores by the SHA-1 of their texts. */
export const knownScripts: ReadonlyMap<string, KnownScript> = new Map(
  entries.map(([sha1, name, kind]) => [sha1, { name, kind }])
)
