/**
 * Findings about who may do what: credentials, permissions, protected mode, TLS. Pure.
 */
import * as Redacted from "effect/Redacted"
import type { Code } from "./catalogue.ts"
import type { Failure, NodeSeen, SentinelSeen, ServerSeen } from "./seen.ts"
import type { Finding, Remedy } from "./types.ts"
import { cli, finding, isLoopback, listed, nodeName, step, type View } from "./view.ts"

/** A server of either tier. */
interface Tiered {
  readonly tier: "sentinel" | "node"
  readonly name: string
  readonly server: ServerSeen
}

const allOf = ({ nodes, sentinels }: View): ReadonlyArray<Tiered> => [
  ...sentinels.map((server): Tiered => ({ tier: "sentinel", name: server.address, server })),
  ...nodes.map((server): Tiered => ({ tier: "node", name: nodeName(server), server }))
]

const tiers = ["sentinel", "node"] as const
type Tier = typeof tiers[number]
const plural = { sentinel: "sentinels", node: "nodes" } as const

/** One finding for each tier that has servers with such a failure. */
const failing = (
  all: ReadonlyArray<Tiered>,
  code: Code,
  is: (failure: Failure) => boolean,
  mend: (tier: Tier, found: ReadonlyArray<Tiered>) => ReadonlyArray<Remedy>
): ReadonlyArray<Finding> =>
  tiers.flatMap((tier) => {
    const found = all.filter(({ server, tier: own }) =>
      own === tier && server.failure !== undefined && is(server.failure)
    )
    return found.length === 0 ? [] : [finding(code, {
      where: found.map(({ name }) => name),
      saw: `Of the ${plural[tier]}: ${
        found.map(({ name, server }) => `${name}: ${server.failure!.detail}`).join("; ")
      }.`,
      mend: mend(tier, found)
    })]
  })

const optionOf = (tier: Tier): string => tier === "sentinel" ? "sentinel" : "node"
const variableOf = (tier: Tier): string => tier === "sentinel" ? "REDIS_SENTINEL_PASSWORD" : "REDIS_PASSWORD"

const logins = (all: ReadonlyArray<Tiered>): ReadonlyArray<Finding> => [
  ...failing(all, "auth-required", ({ kind }) => kind === "auth-required", (tier) => [
    step(
      `Give clients the password of the ${plural[tier]}, which is another setting than that of the other tier.`,
      `Sentinel.layer({ sentinels, ${optionOf(tier)}: { username, password } })`
    ),
    step("Give it to this command.", `${variableOf(tier)}=... effect-redis-sentinel doctor ...`)
  ]),
  ...failing(all, "auth-failed", ({ kind }) => kind === "auth-failed", (tier, found) => [
    step(
      `Check the user and the password of the ${plural[tier]} by hand.`,
      `${cli(found[0]!.name, "--user", "USER", "--askpass", "PING")}`
    ),
    step(
      "Give all of them the same users: a client logs in to each with the same credentials.",
      ...found.map(({ name }) => cli(name, "ACL", "SETUSER", "USER", "on", ">PASSWORD"))
    )
  ]),
  ...failing(
    all,
    "protected-mode",
    ({ detail, kind }) => kind === "refused" && detail.startsWith("DENIED"),
    (_, found) => protectedRemedies(found.map(({ name }) => name))
  ),
  ...failing(
    all,
    "maxclients-reached",
    ({ detail, kind }) => kind === "refused" && /max number of clients/.test(detail),
    (_, found) => [
      step(
        "Raise the limit, and the limit of open files of the process with it.",
        "maxclients 10000",
        ...found.map(({ name }) => cli(name, "CONFIG", "SET", "maxclients", "10000"))
      ),
      step(
        "Look for clients that open connections and keep them.",
        ...found.map(({ name }) => cli(name, "CLIENT", "LIST"))
      )
    ]
  ),
  ...failing(
    all,
    "session-refused",
    ({ detail, kind }) => kind === "refused" && !detail.startsWith("DENIED") && !/max number of clients/.test(detail),
    () => [
      step("Read what the server says, and correct the setting that it names, such as the number of the database.")
    ]
  )
]

const protectedRemedies = (names: ReadonlyArray<string>): ReadonlyArray<Remedy> => [
  step(
    "Give the nodes a password, all of them the same one, and the same to replicas, sentinels and clients.",
    "requirepass PASSWORD",
    "masterauth PASSWORD",
    ...names.map((name) => cli(name, "CONFIG", "SET", "requirepass", "PASSWORD"))
  ),
  step("Bind the addresses that others use.", "bind 127.0.0.1 ADDRESS")
]

// -----------------------------------------------------------------------------
// Permissions
// -----------------------------------------------------------------------------

/** What a client does at a sentinel. */
const neededOfSentinels = new Set([
  "sentinel",
  "sentinel|get-master-addr-by-name",
  "sentinel|master",
  "sentinel|replicas",
  "sentinel|sentinels",
  "sentinel|myid",
  "subscribe",
  "psubscribe",
  "channels"
])

const lackingAtSentinel = ({ denied }: SentinelSeen): ReadonlyArray<string> => {
  const lacking = denied.filter((rule) => neededOfSentinels.has(rule))
  // Its channels are denied where the command is allowed.
  const wantsChannels = lacking.some((rule) => /subscribe|channels/.test(rule))
  return [
    ...lacking.filter((rule) => rule !== "channels").map((rule) => `+${rule}`),
    ...(wantsChannels ? ["allchannels"] : [])
  ]
}

/** A client needs one of both. */
const lackingAtNode = ({ denied }: NodeSeen): ReadonlyArray<string> =>
  denied.includes("role") && denied.includes("info") ? ["+role", "+info"] : []

const byRules = <A extends ServerSeen>(
  servers: ReadonlyArray<A>,
  lacking: (server: A) => ReadonlyArray<string>
): ReadonlyMap<string, ReadonlyArray<A>> =>
  Map.groupBy(
    servers.filter((server) => lacking(server).length > 0),
    (server) => `${server.user ?? "default"} ${lacking(server).join(" ")}`
  )

const permissions = (view: View): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  const tell = (where: ReadonlyArray<string>, rule: string): void => {
    const [user, ...rules] = rule.split(" ")
    found.push(finding("permissions-missing", {
      where,
      saw: `The user ${user} lacks ${rules.join(" ")} at ${listed(where)}.`,
      mend: [
        step(
          "Add what is missing, and put it into the file of users or the configuration as well.",
          ...where.map((name) => cli(name, "ACL", "SETUSER", user!, ...rules))
        )
      ]
    }))
  }
  for (const [rule, servers] of byRules(view.sentinels, lackingAtSentinel)) {
    tell(servers.map(({ address }) => address), rule)
  }
  for (const [rule, servers] of byRules(view.nodes, lackingAtNode)) tell(servers.map(nodeName), rule)
  for (
    const [code, of, who] of [
      ["sentinel-user-permissions", "sentinelUsers", "sentinels"],
      ["replication-user-permissions", "replicationUsers", "replicas"]
    ] as const
  ) {
    const lacking = view.nodes.flatMap((node) =>
      node[of].filter(({ denied }) => denied.length > 0).map((user) => ({ name: nodeName(node), ...user }))
    )
    if (lacking.length === 0) continue
    found.push(finding(code, {
      where: lacking.map(({ name }) => name),
      saw: lacking.map(({ denied, name, user }) =>
        `the user ${user} of the ${who} lacks ${denied.join(" ")} at ${name}`
      )
        .join("; "),
      mend: [
        step(
          "Add what is missing at all nodes, since each of them can become the primary.",
          ...lacking.map(({ denied, name, user }) => cli(name, "ACL", "SETUSER", user, ...denied))
        )
      ]
    }))
  }
  const without = view.answering.filter(({ missingCommands }) => missingCommands.length > 0)
  if (without.length > 0) {
    found.push(finding("command-missing", {
      where: without.map(nodeName),
      saw: without.map((node) =>
        `${nodeName(node)} lacks ${listed(node.missingCommands.map((name) => name.toUpperCase()))}`
      )
        .join("; "),
      mend: [
        step("Remove the line of the configuration that renames the command, and use ACL rules in its place."),
        step(
          "Or tell each sentinel the other name.",
          ...view.informed.flatMap(({ address }) =>
            without[0]!.missingCommands.map((name) =>
              cli(address, "SENTINEL", "SET", view.group, "rename-command", name.toUpperCase(), "NEW-NAME")
            )
          )
        )
      ]
    }))
  }
  return found
}

// -----------------------------------------------------------------------------
// Passwords of nodes
// -----------------------------------------------------------------------------

const passwords = ({ answering, seen }: View): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  const known = answering.flatMap((node) =>
    node.requirepass === undefined ? [] : [{ name: nodeName(node), secret: Redacted.value(node.requirepass) }]
  )
  if (new Set(known.map(({ secret }) => secret)).size > 1) {
    const without = known.filter(({ secret }) => secret === "").map(({ name }) => name)
    found.push(finding("passwords-differ", {
      where: known.map(({ name }) => name),
      saw: without.length === 0
        ? `${listed(known.map(({ name }) => name))} do not all have the same requirepass.`
        : `${listed(without)} ${without.length === 1 ? "has" : "have"} no requirepass, and ${
          listed(known.filter(({ secret }) => secret !== "").map(({ name }) => name))
        } ${known.length - without.length === 1 ? "has" : "have"} one.`,
      mend: [
        step(
          "Set the same password at all nodes, at run time and in their files.",
          "requirepass PASSWORD",
          "masterauth PASSWORD",
          ...known.flatMap(({ name }) => [
            cli(name, "CONFIG", "SET", "requirepass", "PASSWORD"),
            cli(name, "CONFIG", "SET", "masterauth", "PASSWORD")
          ])
        )
      ]
    }))
  }
  // A session without a password was accepted: the user `default` has none.
  const open = seen.hasNodePassword ?
    [] :
    answering.filter((node) =>
      !isLoopback(node.announced.host) && node.requirepass !== undefined && Redacted.value(node.requirepass) === ""
    )
  const guarded = open.filter(({ config }) => config["protected-mode"] === "yes")
  if (guarded.length > 0) {
    found.push(finding("protected-mode", {
      where: guarded.map(nodeName),
      saw: `${listed(guarded.map(nodeName))} ${
        guarded.length === 1 ? "has" : "have"
      } protected mode on and no password: others than its own machine are refused.`,
      mend: protectedRemedies(guarded.map(nodeName))
    }))
  }
  const everyones = open.filter(({ config }) => config["protected-mode"] === "no")
  if (everyones.length > 0) {
    found.push(finding("open-to-everyone", {
      where: everyones.map(nodeName),
      saw: `${listed(everyones.map(nodeName))} ${
        everyones.length === 1 ? "accepts" : "accept"
      } commands without a login, on an address of the network, with protected mode off.`,
      mend: [
        step(
          "Give the nodes a password, and the same to replicas, sentinels and clients.",
          "requirepass PASSWORD",
          "masterauth PASSWORD",
          "sentinel auth-pass GROUP PASSWORD"
        ),
        step("Let a firewall admit only clients, nodes and sentinels to the port.")
      ]
    }))
  }
  return found
}

// -----------------------------------------------------------------------------
// TLS
// -----------------------------------------------------------------------------

/** What the client says of TLS, from the most particular on. */
const tlsCodes: ReadonlyArray<readonly [Code, RegExp, ReadonlyArray<Remedy>]> = [
  ["tls-required", /speaks TLS at this port/, [
    step("Let the client speak TLS.", "Sentinel.layer({ sentinels, sentinel: { tls: true }, node: { tls: true } })"),
    step("Give this command the option.", "--tls")
  ]],
  ["tls-not-spoken", /does not speak TLS/, [
    step("Let the server speak TLS at this port.", "port 0", "tls-port PORT", "tls-replication yes"),
    step("Or leave TLS away for this tier, in the client and in this command.", "--no-sentinel-tls")
  ]],
  ["tls-name", /is for another name/, [
    step(
      "Issue a certificate with every address and name that sentinels announce among its subject alternative names.",
      "subjectAltName = DNS:node1.example.com, IP:10.0.0.5"
    ),
    step("Or let sentinels announce the name that the certificate has.", "sentinel announce-hostnames yes"),
    step("Or tell the client which name to expect.", "tls: { servername: \"node1.example.com\" }")
  ]],
  ["tls-expired", /has expired|not valid yet/, [
    step(
      "Install a new certificate; servers read it again without a restart. Check the clocks if it should be valid.",
      "CONFIG SET tls-cert-file FILE",
      "CONFIG SET tls-key-file FILE"
    )
  ]],
  ["tls-untrusted", /is not trusted/, [
    step("Give clients the certificate of the authority.", "tls: { ca: readFileSync(\"ca.crt\") }"),
    step("Give it to this command.", "--tls-ca ca.crt")
  ]],
  ["tls-client-certificate", /client certificate/, [
    step("Give clients a certificate that the server's authority has signed.", "tls: { ca, cert, key }"),
    step("Give it to this command.", "--tls-cert client.crt --tls-key client.key"),
    step("Or do not require one.", "tls-auth-clients no")
  ]],
  ["tls-failed", /^/, [
    step("Compare the versions and ciphers of TLS that both allow.", "tls-protocols \"TLSv1.2 TLSv1.3\"")
  ]]
]

const codeOfTls = ({ detail, kind }: Failure): Code | undefined =>
  kind === "tls"
    ? tlsCodes.find(([, pattern]) => pattern.test(detail))![0]
    : undefined

const soonMillis = 14 * 24 * 3_600_000

const ofTls = (view: View, all: ReadonlyArray<Tiered>): ReadonlyArray<Finding> => {
  const found = tlsCodes.flatMap(([code, , mend]) =>
    failing(all, code, (failure) => codeOfTls(failure) === code, () => mend)
  )
  const soon = all.filter(({ server }) =>
    server.failure === undefined && server.certificate !== undefined &&
    server.certificate.validToMillis - view.seen.atMillis < soonMillis
  )
  if (soon.length > 0) {
    found.push(finding("tls-expires-soon", {
      where: soon.map(({ name }) => name),
      saw: soon.map(({ name, server }) =>
        `${name}: ${new Date(server.certificate!.validToMillis).toISOString().slice(0, 16).replace("T", " ")} UTC`
      ).join("; "),
      mend: [
        step(
          "Install a new certificate; servers read it again without a restart.",
          "CONFIG SET tls-cert-file FILE",
          "CONFIG SET tls-key-file FILE"
        )
      ]
    }))
  }
  return found
}

/** What is wrong with logins, permissions and TLS. */
export const accessFindings = (view: View): ReadonlyArray<Finding> => {
  const all = allOf(view)
  return [...logins(all), ...permissions(view), ...passwords(view), ...ofTls(view, all)]
}
