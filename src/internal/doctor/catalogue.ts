/**
 * Everything that an examination can find: for each code its severity, what is wrong in a few words, and why it matters.
 * When it is found, and how it is mended, is in the files of the families. docs/doctor.md has the same texts.
 */

/**
 * How bad a finding is.
 *
 * - `"problem"`: clients cannot work, a failover cannot happen, or it loses acknowledged writes beyond what the
 *   deployment is set up to lose. Mend it now.
 * - `"warning"`: the deployment works, and the next fault or change can make it fail.
 *
 * @since 0.1.0
 * @category models
 */
export type Severity = "problem" | "warning"

/**
 * What a code stands for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Explanation {
  /** How bad it is. */
  readonly severity: Severity
  /** What is wrong, in a few words. */
  readonly title: string
  /** Why it matters. */
  readonly why: string
}

const problem = (title: string, why: string): Explanation => ({ severity: "problem", title, why })
const warning = (title: string, why: string): Explanation => ({ severity: "warning", title, why })

const sentinels = {
  "sentinels-unreachable": problem(
    "no sentinel answers",
    "Clients find the primary through the sentinels. Without one they cannot connect, and nobody fails over."
  ),
  "sentinel-unreachable": warning(
    "a sentinel does not answer",
    "A sentinel that is down does not vote. Each one that is missing brings the group closer to having no majority for " +
      "a failover."
  ),
  "no-majority": problem(
    "too few sentinels work for a failover",
    "A failover needs the agreement of a majority of all sentinels that were ever known, and of the quorum. While too " +
      "few of them can be reached, a primary that fails is not replaced."
  ),
  "too-few-sentinels": problem(
    "fewer than three sentinels",
    "With one or two sentinels, the loss of a single machine also loses the majority, so that a primary that fails " +
      "together with a sentinel is never replaced."
  ),
  "quorum-too-high": problem(
    "the quorum is larger than the number of sentinels",
    "A primary counts as down only when as many sentinels as the quorum agree. With more than there are, that never " +
      "happens, and no failover starts by itself."
  ),
  "quorum-of-one": warning(
    "a single sentinel can declare the primary down",
    "With a quorum of 1, one sentinel with a bad network starts a failover of a healthy primary, which interrupts all " +
      "clients."
  ),
  "settings-differ": warning(
    "sentinels have different settings for the group",
    "Each sentinel has settings of its own, and the one that leads decides. When and how the group fails over then " +
      "depends on which sentinel that is."
  ),
  "primary-disagreement": problem(
    "sentinels name different primaries",
    "Clients that ask different sentinels write to different nodes. What they write to the wrong one is lost once the " +
      "sentinels agree."
  ),
  "epoch-disagreement": warning(
    "sentinels have different configuration epochs",
    "The epoch numbers the group's configurations, and sentinels pass the newest on within seconds. Where they stay " +
      "different, the sentinels do not hear each other."
  ),
  "sentinels-disagree-on-number": warning(
    "sentinels know different numbers of sentinels",
    "The majority is computed from all sentinels that were ever known, and they are never forgotten. Entries of " +
      "machines that are gone make a majority harder to reach; missing ones make two majorities possible."
  ),
  "sentinels-cut-off": problem(
    "sentinels do not reach each other",
    "Sentinels vote over their own connections. A sentinel that the others cannot reach does not count for a failover, " +
      "even though clients reach it."
  ),
  "sentinel-id-twice": problem(
    "two sentinels have the same id",
    "Sentinels tell each other apart by their id, which is in the configuration file. A copied file makes two of them " +
      "count as one: votes are lost, and their addresses replace each other."
  ),
  "group-unknown": problem(
    "a sentinel does not monitor the group",
    "Clients that ask this sentinel learn nothing, and it neither votes nor takes part in a failover of the group."
  ),
  "group-name-shared": problem(
    "two groups have the same name",
    "Sentinels find each other through the primary that they monitor. Two groups with one name behind the same " +
      "addresses mean that a client, or a sentinel that is pointed at the wrong primary, takes one data set for the other."
  ),
  "primary-in-two-groups": problem(
    "one primary is monitored under two names",
    "Each name is failed over by itself: two failovers of the same nodes undo each other, and may promote two nodes."
  ),
  "primary-down": problem(
    "sentinels say that the primary is down",
    "While the sentinels cannot see the primary, they fail over, or try to for as long as the cause remains."
  ),
  "primary-not-seen": problem(
    "a sentinel cannot use the primary",
    "A sentinel counts a primary as down if it does not answer its PING, which includes a refused password. It then " +
      "votes for a failover of a healthy primary, and learns of no replica."
  ),
  "failover-running": warning(
    "a failover is running",
    "Roles and addresses are about to change. Examine the group again when it has ended."
  ),
  "sentinel-tilt": warning(
    "a sentinel is in TILT mode",
    "A sentinel whose clock jumps, or that stood still, stops acting for 30 seconds: it starts no failover meanwhile."
  ),
  "down-after-short": warning(
    "down-after-milliseconds is short",
    "A pause of the primary that is longer, such as a slow command, a fork or a moment without network, starts a " +
      "failover."
  ),
  "down-after-long": warning(
    "down-after-milliseconds is long",
    "Writes fail for at least this time after the primary has died, before the sentinels begin to replace it."
  ),
  "hostnames-unresolved": problem(
    "sentinels announce host names but do not resolve them",
    "With announce-hostnames and without resolve-hostnames a sentinel refuses the names that it is told, and its " +
      "configuration no longer loads when it restarts."
  ),
  "hostnames-differ": warning(
    "sentinels treat host names differently",
    "Some sentinels announce names and others addresses: clients see one node under two addresses, and tools that " +
      "compare them take it for a change of the primary."
  ),
  "replica-unknown": warning(
    "sentinels do not know a replica",
    "A sentinel that leads a failover promotes one of the replicas that it knows, and points only those to the new " +
      "primary. A replica that it does not know keeps following the old one."
  )
} as const

const addresses = {
  "address-loopback": problem(
    "an announced address is a loopback address",
    "Clients connect to the address that the sentinels announce. A loopback address leads every client to its own " +
      "machine."
  ),
  "address-unresolvable": problem(
    "an announced host name does not resolve",
    "Clients connect to the name that the sentinels announce, and it has to resolve wherever they run. The client " +
      "fails to connect while the sentinels see a healthy node."
  ),
  "address-unreachable": problem(
    "an announced address cannot be dialled",
    "The sentinels reach the node, and this machine does not reach the address that they announce for it. That is " +
      "usual behind NAT, in containers and in Kubernetes: nodes announce an address that exists only inside."
  ),
  "node-down": problem(
    "a node does not answer",
    "A replica that is down is no candidate for a failover and serves no reads; a primary that is down takes no writes."
  )
} as const

const access = {
  "auth-required": problem(
    "a password is required",
    "The server accepts nothing without a login, so that clients with these settings cannot use it."
  ),
  "auth-failed": problem(
    "the user or the password is wrong",
    "The server refuses the login, so that clients with these settings cannot use it. Where only some servers refuse " +
      "it, clients fail after the next failover."
  ),
  "session-refused": problem(
    "the server refuses the session",
    "The server answers, and does not let the client finish its handshake, so that clients with these settings cannot " +
      "use it."
  ),
  "permissions-missing": problem(
    "the user lacks permissions that a client needs",
    "The client follows the group with a few commands. Where they are denied it learns of failovers late, or cannot " +
      "verify that a node is the primary, or does not connect at all."
  ),
  "sentinel-user-permissions": problem(
    "the sentinels' user lacks permissions",
    "Sentinels log in to the nodes to check them, to promote a replica and to point others to it. A command that is " +
      "denied stops the failover at that step."
  ),
  "replication-user-permissions": problem(
    "the replicas' user lacks permissions",
    "A replica logs in to its primary as its masteruser. Without PSYNC, REPLCONF and PING it cannot follow."
  ),
  "passwords-differ": problem(
    "nodes have different passwords",
    "After a failover, clients, replicas and sentinels log in to another node with the password that they have. Where " +
      "it differs, nobody can use the new primary."
  ),
  "protected-mode": problem(
    "protected mode refuses connections from other machines",
    "A node without a password and with protected mode on answers only its own machine: clients, replicas and sentinels " +
      "elsewhere are refused."
  ),
  "open-to-everyone": warning(
    "a node on the network has no password",
    "Whoever reaches its port can read and delete all data, load code, and take over the group."
  ),
  "command-missing": warning(
    "a node lacks commands that a failover needs",
    "Sentinels use SLAVEOF, CONFIG REWRITE, CLIENT KILL, MULTI and EXEC on the nodes. Renamed or disabled, they stop the " +
      "failover or leave a node with its old role after a restart."
  )
} as const

const tls = {
  "tls-required": problem(
    "the server speaks TLS, and the client does not",
    "A client without TLS cannot use this port."
  ),
  "tls-not-spoken": problem(
    "the client speaks TLS, and the server does not",
    "A client with TLS cannot use this port."
  ),
  "tls-name": problem(
    "the certificate is for another name",
    "The client verifies that the certificate is for the address that it dials, which is the one that the sentinels " +
      "announce. With another name it refuses the connection."
  ),
  "tls-expired": problem(
    "the certificate has expired, or is not valid yet",
    "Clients refuse the connection. Existing connections stay, so the outage begins with the next reconnect, such as " +
      "that of a failover."
  ),
  "tls-expires-soon": warning(
    "the certificate expires soon",
    "After that day clients refuse new connections, first noticed at the next failover."
  ),
  "tls-untrusted": problem(
    "the certificate is not trusted",
    "The client does not know the authority that signed the certificate, and refuses the connection."
  ),
  "tls-client-certificate": problem(
    "the server requires a client certificate",
    "The server ends every connection without a certificate that it accepts."
  ),
  "tls-failed": problem(
    "TLS fails",
    "Client and server cannot agree on a TLS session, so that clients with these settings cannot use the server."
  )
} as const

const replication = {
  "no-replicas": problem(
    "the primary has no replicas",
    "There is nobody to promote: when the primary fails, the group is down until it returns, with what its disk has."
  ),
  "no-candidate": problem(
    "no replica can be promoted",
    "Sentinels promote a replica that they reach, whose link was up recently, and whose priority is not 0. Without one, " +
      "a failover is aborted and tried again until there is one."
  ),
  "replica-priority-zero": warning(
    "a replica has priority 0",
    "Sentinels never promote it. It helps against the loss of data on other machines, and not against an outage."
  ),
  "replica-link-down": problem(
    "a replica has lost its primary",
    "It does not get new writes. What it serves is old, and a failover that promotes it loses everything since."
  ),
  "replica-lag": warning(
    "a replica is far behind",
    "A failover loses the writes that the promoted replica does not have, and reads from it are old."
  ),
  "replica-follows-another": warning(
    "a replica follows another node than the primary",
    "It gets writes later, or those of another data set. Sentinels point it to the primary; one that stays is cut off " +
      "from them, or is a replica of a replica."
  ),
  "replica-writable": warning(
    "a replica accepts writes",
    "What is written to a replica directly exists only there, and disappears with the next synchronisation."
  ),
  "masterauth-missing": problem(
    "a node has no masterauth though its group has a password",
    "A replica without it cannot follow the primary. A primary without it cannot follow the next one: after a failover " +
      "it returns as a replica that never synchronises."
  ),
  "masterauth-wrong": problem(
    "a node's masterauth is not the password of the other nodes",
    "A node that follows another one logs in with masterauth. With a wrong one it never synchronises, at the latest " +
      "after the next failover."
  ),
  "role-conflict": problem(
    "a node has another role than the sentinels say",
    "A second primary takes writes that will be lost, and a primary that is a replica refuses all writes. Sentinels " +
      "correct it within seconds unless they cannot reach the node."
  )
} as const

const durability = {
  "min-replicas-zero": warning(
    "an isolated primary keeps acknowledging writes",
    "With min-replicas-to-write 0, a primary that is cut off from its replicas and sentinels acknowledges writes while " +
      "another node is promoted. All of them are lost. The setting counts for each node once it is the primary."
  ),
  "min-replicas-unmet": problem(
    "the primary has fewer good replicas than min-replicas-to-write",
    "The primary refuses every write with NOREPLICAS until enough replicas have reported within min-replicas-max-lag."
  ),
  "min-replicas-after-failover": warning(
    "after a failover too few replicas remain for min-replicas-to-write",
    "A failover takes one node away. The new primary then has fewer replicas than it requires, and refuses all writes " +
      "until the old one returns."
  ),
  "max-lag-long": warning(
    "min-replicas-max-lag is long",
    "A primary that is cut off acknowledges writes for min-replicas-max-lag after its replicas have fallen silent. All of " +
      "them are lost once the sentinels promote another node."
  ),
  "persistence-off": warning(
    "a node keeps nothing on disk",
    "A primary that restarts before the sentinels notice comes back empty, and its replicas copy that: all data is lost."
  ),
  "persistence-failing": problem(
    "a node cannot write to its disk",
    "The last snapshot or append to the log failed. By default the primary refuses writes after that (MISCONF), and a " +
      "restart loses data."
  ),
  "config-file-missing": warning(
    "a node runs without a configuration file",
    "Sentinels make a node write its new role into its file. Without one, a node that restarts has its role of the " +
      "first start: an old primary returns as a primary."
  )
} as const

const servers = {
  "maxclients-reached": problem(
    "a server accepts no more connections",
    "New connections are refused: clients cannot reconnect, and sentinels may count the node as down."
  ),
  "maxclients-near": warning(
    "a server is close to maxclients",
    "At the limit new connections are refused. A failover moves the connections of all clients to one node at once."
  ),
  "maxclients-differ": warning(
    "a node accepts fewer connections than the primary has",
    "If it is promoted, it refuses a part of the clients."
  ),
  "memory-near-limit": warning(
    "a node has used nearly all of maxmemory and evicts nothing",
    "At the limit every write that needs memory fails with OOM."
  ),
  "node-loading": warning(
    "a node is loading its data",
    "It answers nearly everything with LOADING until it has read its files."
  ),
  "clock-difference": warning(
    "clocks differ",
    "Expiry times are moments of the clock: with another clock at the new primary, keys expire early or late after a " +
      "failover, and so do locks and sessions. Logs of a failover cannot be compared."
  ),
  "versions-differ": warning(
    "nodes run different versions",
    "A replica that is older than its primary may not understand what it is sent, and commands that applications use " +
      "may not exist after a failover."
  ),
  "sentinel-versions-differ": warning(
    "sentinels run different versions",
    "Which features the sentinels have, such as host names, ACLs or coordinated failovers, depends on who answers."
  )
} as const

/**
 * What can be found, by code.
 */
export const catalogue = {
  ...sentinels,
  ...addresses,
  ...access,
  ...tls,
  ...replication,
  ...durability,
  ...servers
} as const satisfies Readonly<Record<string, Explanation>>

/**
 * The stable name of something that an examination can find. docs/doctor.md explains each.
 *
 * @since 0.1.0
 * @category models
 */
export type Code = keyof typeof catalogue

/** The codes by family, in the order of the documentation. */
export const families: ReadonlyArray<readonly [title: string, codes: ReadonlyArray<Code>]> = [
  ["Sentinels", Object.keys(sentinels) as Array<Code>],
  ["Addresses", Object.keys(addresses) as Array<Code>],
  ["Access", Object.keys(access) as Array<Code>],
  ["TLS", Object.keys(tls) as Array<Code>],
  ["Replication", Object.keys(replication) as Array<Code>],
  ["Durability", Object.keys(durability) as Array<Code>],
  ["Servers", Object.keys(servers) as Array<Code>]
]
