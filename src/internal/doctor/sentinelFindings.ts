/**
 * Findings about the sentinels: how many there are, whether they agree with each other, and their settings. Pure.
 */
import type { Finding } from "./types.ts"
import {
  cli,
  finding,
  type Informed,
  isIp,
  isSilent,
  listed,
  millisText,
  mostCommon,
  nodeName,
  placeText,
  step,
  type View
} from "./view.ts"

const majorityOf = (count: number): number => Math.floor(count / 2) + 1

const addressesOf = (sentinels: ReadonlyArray<{ readonly address: string }>): ReadonlyArray<string> =>
  sentinels.map(({ address }) => address)

/** `a says 1, b says 2`, where what they say differs. */
const differing = <A>(informed: ReadonlyArray<Informed>, of: (sentinel: Informed) => A): string =>
  listed(informed.map((sentinel) => `${sentinel.address} says ${of(sentinel)}`))

const isDistinct = <A>(items: ReadonlyArray<A>): boolean => new Set(items).size > 1

const reset = (view: View): ReturnType<typeof step> =>
  step(
    "Make the sentinels forget what is gone: run this at one sentinel after another, with at least 30 seconds between " +
      "them, while primary and replicas are healthy.",
    ...addressesOf(view.informed).map((address) => cli(address, "SENTINEL", "RESET", view.group))
  )

// -----------------------------------------------------------------------------
// Number
// -----------------------------------------------------------------------------

const numbers = (view: View): ReadonlyArray<Finding> => {
  const { group, informed, sentinelCount, sentinels } = view
  const found: Array<Finding> = []
  const silent = sentinels.filter(({ failure }) => failure !== undefined && isSilent(failure))
  if (silent.length > 0 && silent.length === sentinels.length) {
    return [finding("sentinels-unreachable", {
      where: addressesOf(silent),
      saw: silent.map(({ address, failure }) => `${address}: ${failure!.detail}`).join("; "),
      mend: [
        step("Check that the sentinels run, and that this machine reaches them.", cli(silent[0]!.address, "PING")),
        step("Check the addresses of the option --sentinels, and the port: 26379 by default.")
      ]
    })]
  }
  // What one of several lists, and sees up, is judged by its address.
  const down = silent.filter(({ announced, isGiven }) =>
    isGiven ||
    !informed.some(({ group }) =>
      (group.peers ?? []).some((peer) =>
        announced !== undefined && placeText(peer) === placeText(announced) && !peer.flags.has("s_down") &&
        !peer.flags.has("disconnected")
      )
    )
  )
  if (down.length > 0) {
    found.push(finding("sentinel-unreachable", {
      where: addressesOf(down),
      saw: down.map(({ address, failure, listedBy }) =>
        `${address}: ${failure!.detail}${listedBy.length === 0 ? "" : ` (listed by ${listed(listedBy)})`}`
      ).join("; "),
      mend: [
        step("Start the sentinel again, or repair its network.", cli(down[0]!.address, "PING")),
        step(
          "If it is gone for good, make the others forget it: one after another, with at least 30 seconds between them.",
          ...addressesOf(informed).map((address) => cli(address, "SENTINEL", "RESET", group))
        )
      ]
    }))
  }
  if (informed.length === 0) return found
  if (sentinelCount < 3) {
    found.push(finding("too-few-sentinels", {
      where: addressesOf(informed),
      saw: `The group has ${sentinelCount === 1 ? "1 sentinel" : `${sentinelCount} sentinels`}.`,
      mend: [
        step(
          "Run at least three sentinels, each on a machine that can fail without the others. A sentinel needs this file:",
          "port 26379",
          `sentinel monitor ${group} ${hostAndPort(view).join(" ")} 2`,
          `sentinel down-after-milliseconds ${group} ${informed[0]!.group.downAfterMillis}`
        ),
        step("Set the quorum to a majority at each sentinel.", ...setAll(view, "quorum", "2"))
      ]
    }))
  }
  const high = informed.filter(({ group }) => group.quorum > sentinelCount)
  if (high.length > 0) {
    found.push(finding("quorum-too-high", {
      where: addressesOf(high),
      saw: `The quorum is ${high[0]!.group.quorum}, and there are ${sentinelCount} sentinels.`,
      mend: [
        step(
          "Set the quorum to a majority of the sentinels.",
          ...addressesOf(high).map((address) =>
            cli(address, "SENTINEL", "SET", group, "quorum", String(majorityOf(sentinelCount)))
          )
        )
      ]
    }))
  }
  const one = informed.filter(({ group }) => group.quorum <= 1)
  if (one.length > 0 && sentinelCount > 1) {
    found.push(finding("quorum-of-one", {
      where: addressesOf(one),
      saw: `The quorum is ${one[0]!.group.quorum}, and there are ${sentinelCount} sentinels.`,
      mend: [
        step(
          "Set the quorum to a majority of the sentinels.",
          ...addressesOf(one).map((address) =>
            cli(address, "SENTINEL", "SET", group, "quorum", String(majorityOf(sentinelCount)))
          )
        )
      ]
    }))
  }
  const working = sentinelCount - down.length
  const refusing = informed.filter((sentinel) => sentinel.group.noQuorum !== undefined && !high.includes(sentinel))
  if (refusing.length > 0 || (sentinelCount > 1 && working < majorityOf(sentinelCount))) {
    found.push(finding("no-majority", {
      where: addressesOf(refusing.length > 0 ? refusing : informed),
      saw: refusing.length > 0
        ? refusing.map(({ address, group }) => `${address}: ${group.noQuorum}`).join("; ")
        : `Of ${sentinelCount} sentinels ${working} work; a majority is ${majorityOf(sentinelCount)}.`,
      mend: [
        step(
          "Start sentinels that are down, and repair the network between them. Check with:",
          ...addressesOf(informed)
            .map((address) => cli(address, "SENTINEL", "CKQUORUM", group))
        ),
        reset(view)
      ]
    }))
  }
  return found
}

const hostAndPort = ({ primary }: View): readonly [host: string, port: string] =>
  primary === undefined ? ["HOST", "PORT"] : [primary.announced.host, String(primary.announced.port)]

const setAll = ({ group, informed }: View, name: string, value: string): ReadonlyArray<string> =>
  addressesOf(informed).map((address) => cli(address, "SENTINEL", "SET", group, name, value))

// -----------------------------------------------------------------------------
// Agreement
// -----------------------------------------------------------------------------

/** Two deployments with one name: their sentinels do not know each other. */
const sharedName = ({ group, informed, nodes }: View): ReadonlyArray<Finding> => {
  const sides = new Map<string, Array<Informed>>()
  for (const sentinel of informed) {
    const place = placeText(sentinel.group.primary)
    sides.set(place, [...(sides.get(place) ?? []), sentinel])
  }
  const all = Array.from(sides)
  for (const [i, [place, side]] of all.entries()) {
    for (const [otherPlace, other] of all.slice(i + 1)) {
      const knows = (a: ReadonlyArray<Informed>, b: ReadonlyArray<Informed>): boolean =>
        a.some(({ group }) => group.peers?.some((peer) => b.some(({ id }) => id === peer.id)) === true)
      const replicas = (a: ReadonlyArray<Informed>): ReadonlyArray<string> =>
        a.flatMap(({ group }) => (group.replicas ?? []).map(placeText))
      const areApart = !knows(side, other) && !knows(other, side) &&
        !replicas(side).some((replica) => replicas(other).includes(replica) || replica === otherPlace) &&
        !replicas(other).includes(place)
      const isPrimary = (name: string): boolean =>
        nodes.some((node) => nodeName(node) === name && node.role === "primary")
      if (!areApart || !isPrimary(place) || !isPrimary(otherPlace)) continue
      return [finding("group-name-shared", {
        where: addressesOf([...side, ...other]),
        saw: `${listed(addressesOf(side))} monitor ${place} as "${group}", and ${
          listed(addressesOf(other))
        } monitor ${otherPlace}; both are primaries, and their sentinels do not know each other.`,
        mend: [
          step(
            "Give each group a name of its own: at each sentinel of one of them, and in its clients.",
            ...other.flatMap(({ address }) => [
              cli(address, "SENTINEL", "REMOVE", group),
              cli(
                address,
                "SENTINEL",
                "MONITOR",
                `${group}-2`,
                other[0]!.group.primary.host,
                String(other[0]!.group.primary.port),
                String(other[0]!.group.quorum)
              )
            ])
          ),
          step("Give clients the sentinels of one group only.")
        ]
      })]
    }
  }
  return []
}

const agreement = (view: View): ReadonlyArray<Finding> => {
  const { group, informed, nodes, primary } = view
  const found: Array<Finding> = [...sharedName(view)]
  const isShared = found.length > 0
  /** Two spellings of one node have one run id. */
  const identity = ({ group }: Informed): string => {
    const node = nodes.find((node) => nodeName(node) === placeText(group.primary))
    return node?.info["run_id"] ?? (group.primaryRunId === "" ? placeText(group.primary) : group.primaryRunId)
  }
  if (!isShared && isDistinct(informed.map(identity))) {
    found.push(finding("primary-disagreement", {
      where: addressesOf(informed),
      saw: differing(informed, ({ group }) => `${placeText(group.primary)} (epoch ${group.epoch})`),
      mend: [
        step("Examine again in a few seconds: while a failover runs, sentinels learn of it one after another."),
        step(
          "If it stays, the sentinels do not hear each other, or one was pointed at another primary. Ask the nodes for " +
            "their role, and point the sentinels that are wrong to the right one.",
          ...nodes.filter(({ namedBy }) => namedBy.length > 0).map((node) => cli(nodeName(node), "ROLE")),
          ...informed.filter((sentinel) =>
            primary !== undefined && placeText(sentinel.group.primary) !== nodeName(primary)
          )
            .flatMap(({ address, group: { quorum } }) => [
              cli(address, "SENTINEL", "REMOVE", group),
              cli(address, "SENTINEL", "MONITOR", group, ...hostAndPort(view), String(quorum))
            ])
        )
      ]
    }))
  } else if (!isShared && isDistinct(informed.map(({ group }) => group.epoch))) {
    found.push(finding("epoch-disagreement", {
      where: addressesOf(informed),
      saw: differing(informed, ({ group }) => `epoch ${group.epoch}`),
      mend: [
        step(
          "Examine again in a few seconds. If it stays, a sentinel does not get the hello messages of the others: check " +
            "that it may subscribe to and publish in the channel __sentinel__:hello of the nodes.",
          cli(primary === undefined ? "HOST:PORT" : nodeName(primary), "SUBSCRIBE", "__sentinel__:hello")
        )
      ]
    }))
  }
  if (!isShared && isDistinct(informed.map(({ group }) => group.otherSentinels))) {
    found.push(finding("sentinels-disagree-on-number", {
      where: addressesOf(informed),
      saw: differing(informed, ({ group }) => `${group.otherSentinels} others`),
      mend: [reset(view)]
    }))
  }
  const apart = informed.flatMap(({ address, group }) =>
    (group.peers ?? []).flatMap((peer) => {
      if (!peer.flags.has("s_down") && !peer.flags.has("disconnected")) return []
      const reached = view.sentinels.find((other) => other.failure === undefined && other.id === peer.id)
      return reached === undefined ? [] : [{ address, peer, reached: reached.address }]
    })
  )
  if (apart.length > 0) {
    found.push(finding("sentinels-cut-off", {
      where: apart.map(({ reached }) => reached),
      saw: apart.map(({ address, peer, reached }) =>
        `${address} cannot use the sentinel at ${placeText(peer)}, which this machine reaches at ${reached}`
      ).join("; "),
      mend: [
        step(
          "Open the sentinels' port between their machines, and check the address that the sentinel announces.",
          ...apart.map(({ address, peer }) =>
            `# at the machine of ${address}: redis-cli -h ${peer.host} -p ${peer.port} PING`
          )
        ),
        step(
          "If sentinels require a password, each needs it to ask the others.",
          "sentinel sentinel-pass PASSWORD"
        ),
        step("If it announces a wrong address, set the right one in its file.", "sentinel announce-ip ADDRESS")
      ]
    }))
  }
  const byId = Map.groupBy(
    view.sentinels.filter(({ failure, id }) => failure === undefined && id !== undefined && id !== ""),
    ({ id }) => id!
  )
  for (const [id, same] of byId) {
    if (!isDistinct(same.map(({ info }) => info["run_id"] ?? ""))) continue
    found.push(finding("sentinel-id-twice", {
      where: addressesOf(same),
      saw: `${listed(addressesOf(same))} are different processes with the id ${id}.`,
      mend: [
        step(
          "Stop all of them but one, remove this line from their files, and start them again: each makes an id of its own.",
          `sentinel myid ${id}`
        ),
        reset(view)
      ]
    }))
  }
  return found
}

// -----------------------------------------------------------------------------
// The group
// -----------------------------------------------------------------------------

const ofGroup = (view: View): ReadonlyArray<Finding> => {
  const { group, informed, primary, sentinels } = view
  const found: Array<Finding> = []
  const without = sentinels.filter(({ isGroupUnknown }) => isGroupUnknown)
  if (without.length > 0) {
    const names = Array.from(new Set(without.flatMap(({ groups }) => groups.map(({ name }) => name)))).slice(0, 10)
    const settings = informed[0]?.group
    found.push(finding("group-unknown", {
      where: addressesOf(without),
      saw: `${listed(addressesOf(without))} ${without.length === 1 ? "does" : "do"} not monitor "${group}"${
        names.length === 0 ? "" : `, but ${listed(names.map((name) => `"${name}"`))}`
      }.`,
      mend: [
        step("Check the name, which has to be the same at the sentinels and in the clients."),
        step(
          "Let the sentinel monitor the group.",
          ...without.flatMap(({ address }) => [
            cli(address, "SENTINEL", "MONITOR", group, ...hostAndPort(view), String(settings?.quorum ?? 2)),
            ...(settings === undefined
              ? []
              : [cli(address, "SENTINEL", "SET", group, "down-after-milliseconds", String(settings.downAfterMillis))])
          ])
        )
      ]
    }))
  }
  const twice = informed.flatMap(({ address, group: { primary }, groups }) =>
    groups.filter(({ name, primary: other }) => name !== group && placeText(other) === placeText(primary))
      .map(({ name }) => ({ address, name, place: placeText(primary) }))
  )
  if (twice.length > 0) {
    found.push(finding("primary-in-two-groups", {
      where: addressesOf(twice),
      saw: twice.map(({ address, name, place }) => `${address} monitors ${place} as "${group}" and as "${name}"`).join(
        "; "
      ),
      mend: [
        step(
          "Keep one name, and let clients use it. Remove the other one from each sentinel.",
          ...twice.map(({ address, name }) => cli(address, "SENTINEL", "REMOVE", name))
        )
      ]
    }))
  }
  const isDown = ({ group: { flags } }: Informed): boolean => flags.has("s_down") || flags.has("o_down")
  const blind = informed.filter((sentinel) => isDown(sentinel) || sentinel.group.flags.has("disconnected"))
  const isReached = (sentinel: Informed): boolean =>
    view.nodes.some((node) =>
      nodeName(node) === placeText(sentinel.group.primary) && (node.failure === undefined || !isSilent(node.failure))
    )
  const dead = blind.filter((sentinel) => !isReached(sentinel))
  if (dead.length > 0) {
    found.push(finding("primary-down", {
      where: [placeText(dead[0]!.group.primary), ...addressesOf(dead)],
      saw: `${listed(addressesOf(dead))} ${dead.length === 1 ? "says" : "say"} that ${
        placeText(dead[0]!.group.primary)
      } is down (${Array.from(dead[0]!.group.flags).join(", ")}), and this machine does not reach it.`,
      mend: [
        step("Wait for the failover that the sentinels carry out, and examine again."),
        step("If there is none, mend the other findings first: they say why it does not happen."),
        step("Start the node again; the sentinels make it a replica if another one was promoted.")
      ]
    }))
  }
  const wrong = blind.filter(isReached)
  if (wrong.length > 0) {
    const node = wrong[0]!.group.primary
    found.push(finding("primary-not-seen", {
      where: addressesOf(wrong),
      saw: `${listed(addressesOf(wrong))} cannot use ${placeText(node)} (${
        Array.from(wrong[0]!.group.flags).join(", ")
      }), which answers this machine.`,
      mend: [
        step(
          "If the node has a password, give it to each sentinel.",
          ...addressesOf(wrong).map((address) => cli(address, "SENTINEL", "SET", group, "auth-pass", "PASSWORD")),
          `# with an ACL user: sentinel auth-user ${group} USER`
        ),
        step(
          "Open the port of the node to the machines of the sentinels, and look for the reason at each of them.",
          ...addressesOf(wrong).map((address) => `# at ${address}: redis-cli -h ${node.host} -p ${node.port} PING`)
        )
      ]
    }))
  }
  const running = informed.filter(({ group }) => group.flags.has("failover_in_progress"))
  if (running.length > 0) {
    found.push(finding("failover-running", {
      where: addressesOf(running),
      saw: `${listed(addressesOf(running))} ${running.length === 1 ? "says" : "say"} that a failover is in progress.`,
      mend: [step("Examine the group again when it has ended.")]
    }))
  }
  const uninformed = informed.flatMap(({ address, group }) => {
    if (group.replicas === undefined || primary === undefined || placeText(group.primary) !== nodeName(primary)) {
      return []
    }
    const own = new Set(group.replicas.flatMap((replica) => [placeText(replica), replica.runId]))
    const lacking = view.replicas
      .filter((node) => !own.has(nodeName(node)) && !own.has(view.identity(node)))
      .map(nodeName)
    return lacking.length === 0 ? [] : [{ address, lacking }]
  })
  const announced = new Set(view.nodes.map(nodeName))
  const unlisted = (primary?.followers ?? []).map(placeText).filter((name) => !announced.has(name))
  // A replica that announces a name is listed by its address in INFO.
  const mayCompare = view.replicas.every(({ announced }) => isIp(announced.host)) ||
    (primary?.followers.length ?? 0) > view.replicas.length
  const hidden = mayCompare && informed.length > 0 ? unlisted : []
  if (uninformed.length > 0 || hidden.length > 0) {
    found.push(finding("replica-unknown", {
      where: [...hidden, ...addressesOf(uninformed)],
      saw: [
        ...uninformed.map(({ address, lacking }) => `${address} does not know ${listed(lacking)}`),
        ...(hidden.length === 0
          ? []
          : [`${nodeName(primary!)} has the replica ${listed(hidden)}, which no sentinel lists`])
      ].join("; "),
      mend: [
        step("Wait 10 seconds and examine again: sentinels learn of replicas from INFO of the primary."),
        step(
          "If it stays, check that the replica announces an address and may be listed.",
          "replica-announced yes",
          "replica-announce-ip ADDRESS"
        ),
        step(
          "Check that the sentinels' user may run INFO at the primary.",
          ...(primary === undefined ? [] : [cli(nodeName(primary), "ACL", "LIST")])
        )
      ]
    }))
  }
  return found
}

// -----------------------------------------------------------------------------
// Settings
// -----------------------------------------------------------------------------

const settings = [
  ["quorum", ({ group }: Informed) => group.quorum],
  ["down-after-milliseconds", ({ group }: Informed) => group.downAfterMillis],
  ["failover-timeout", ({ group }: Informed) => group.failoverTimeoutMillis]
] as const

/** Shorter, and a slow command starts a failover; longer, and an outage is longer than most clients wait. */
const shortestDownAfter = 1000
const longestDownAfter = 60_000

const ofSettings = (view: View): ReadonlyArray<Finding> => {
  const { group, informed, sentinels } = view
  const found: Array<Finding> = []
  const differ = settings.filter(([, of]) => isDistinct(informed.map(of)))
  if (differ.length > 0) {
    found.push(finding("settings-differ", {
      where: addressesOf(informed),
      saw: differ.map(([name, of]) => `${name}: ${differing(informed, of)}`).join("; "),
      mend: [
        step(
          "Give all sentinels the same settings.",
          ...differ.flatMap(([name, of]) => {
            const wanted = name === "quorum" ? majorityOf(view.sentinelCount) : mostCommon(informed.map(of))
            return informed.filter((sentinel) => of(sentinel) !== wanted).map(({ address }) =>
              cli(address, "SENTINEL", "SET", group, name, String(wanted))
            )
          })
        )
      ]
    }))
  }
  const short = informed.filter(({ group }) => group.downAfterMillis < shortestDownAfter)
  if (short.length > 0) {
    found.push(finding("down-after-short", {
      where: addressesOf(short),
      saw: `down-after-milliseconds is ${short[0]!.group.downAfterMillis}.`,
      mend: [step("Set it to 5 seconds.", ...setAll(view, "down-after-milliseconds", "5000"))]
    }))
  }
  const long = informed.filter(({ group }) => group.downAfterMillis > longestDownAfter)
  if (long.length > 0) {
    found.push(finding("down-after-long", {
      where: addressesOf(long),
      saw: `down-after-milliseconds is ${long[0]!.group.downAfterMillis} (${
        millisText(long[0]!.group.downAfterMillis)
      }).`,
      mend: [step("Set it to 5 seconds.", ...setAll(view, "down-after-milliseconds", "5000"))]
    }))
  }
  const tilted = sentinels.filter(({ info }) => info["sentinel_tilt"] === "1")
  if (tilted.length > 0) {
    found.push(finding("sentinel-tilt", {
      where: addressesOf(tilted),
      saw: `${listed(addressesOf(tilted))} ${tilted.length === 1 ? "is" : "are"} in TILT mode.`,
      mend: [
        step("Look for what stopped the process or set the clock: a suspended machine, too little CPU, a step of NTP."),
        step("Let the clock be slewed instead of stepped, such as with chrony.", "makestep 1.0 3")
      ]
    }))
  }
  const answering = sentinels.filter(({ failure }) => failure === undefined)
  const unresolved = answering.filter(({ config }) =>
    config["announce-hostnames"] === "yes" && config["resolve-hostnames"] === "no"
  )
  if (unresolved.length > 0) {
    found.push(finding("hostnames-unresolved", {
      where: addressesOf(unresolved),
      saw: "announce-hostnames is yes, and resolve-hostnames is no.",
      mend: [
        step(
          "Let the sentinels resolve names.",
          ...addressesOf(unresolved).map((address) =>
            cli(address, "SENTINEL", "CONFIG", "SET", "resolve-hostnames", "yes")
          )
        )
      ]
    }))
  }
  const names = ["resolve-hostnames", "announce-hostnames"] as const
  const hostnames = names.filter((name) =>
    isDistinct(answering.flatMap(({ config }) => config[name] === undefined ? [] : [config[name]]))
  )
  if (hostnames.length > 0) {
    found.push(finding("hostnames-differ", {
      where: addressesOf(answering),
      saw: hostnames.map((name) =>
        `${name}: ${listed(answering.map(({ address, config }) => `${address} says ${config[name] ?? "nothing"}`))}`
      ).join("; "),
      mend: [
        step(
          "Set both alike at all sentinels: yes where clients connect by name, no where they connect by address.",
          ...answering.flatMap(({ address }) =>
            hostnames.map((name) => cli(address, "SENTINEL", "CONFIG", "SET", name, "no"))
          )
        )
      ]
    }))
  }
  return found
}

/** What is wrong with the sentinels. */
export const sentinelFindings = (view: View): ReadonlyArray<Finding> => [
  ...numbers(view),
  ...agreement(view),
  ...ofGroup(view),
  ...ofSettings(view)
]
