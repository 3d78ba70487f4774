/**
 * The commands that write a server's data to its disk: SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF, and the backups of Redis
 * 8.10. Each server has files of its own; WAITAOF, which waits for them, is in server.ts.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import { argv, keyword } from "../internal/commands/args.ts"
import { epochSeconds, epochSecondsOrNull } from "../internal/commands/timeDecoders.ts"

const SAVE = define({ words: ["SAVE"], mode: "read", repeatable: false, decode: Command.ok })
/**
 * SAVE writes all data to the RDB file, and returns `"OK"`. The server runs no other command meanwhile, and sentinels
 * may take it for dead: BGSAVE is what is wanted mostly. Fails with ERR while another save is in progress. It is not
 * sent again if its reply is lost, and fails with `AmbiguousOutcome`.
 *
 * @see https://redis.io/docs/latest/commands/save/
 * @since 0.1.0
 * @category persistence
 */
export const save = () => make(SAVE, argv())

const startedOrScheduled = Command.custom<"started" | "scheduled">((value) => {
  const said = Command.text(value)
  if (/scheduled/i.test(said)) return "scheduled"
  if (/started/i.test(said)) return "started"
  throw new Command.Mismatch("what began", value)
})

const BGSAVE = define({ words: ["BGSAVE"], mode: "read", repeatable: false, decode: startedOrScheduled })
const BGSAVE_CANCEL = define({
  words: ["BGSAVE"],
  mode: "read",
  repeatable: false,
  decode: Command.map(Command.word, () => "cancelled" as const)
})
/**
 * BGSAVE lets a process of its own write all data to the RDB file: it is `"started"`. While the append-only file is
 * rewritten it fails with ERR; with `"schedule"` it is `"scheduled"` then. LASTSAVE says when it has succeeded.
 *
 * With `"cancel"` it ends one that is in progress or scheduled, and fails with ERR if there is none. Needs Valkey 8.1.
 *
 * It is not sent again if its reply is lost, and fails with `AmbiguousOutcome`.
 *
 * @see https://redis.io/docs/latest/commands/bgsave/
 * @since 0.1.0
 * @category persistence
 */
export const bgsave: {
  (how?: "schedule" | undefined): Command.Command<"started" | "scheduled", "read">
  (how: "cancel"): Command.Command<"cancelled", "read">
} = (how?: "schedule" | "cancel" | undefined): any => {
  if (how === undefined) return make(BGSAVE, argv())
  const word = keyword(BGSAVE.name, "how", how, ["schedule", "cancel"])
  return how === "cancel" ? make(BGSAVE_CANCEL, argv(word)) : make(BGSAVE, argv(word))
}

const BGREWRITEAOF = define({ words: ["BGREWRITEAOF"], mode: "read", repeatable: false, decode: startedOrScheduled })
/**
 * BGREWRITEAOF lets a process of its own write a new append-only file of the present data: it is `"started"`, or
 * `"scheduled"` while another process of the server writes. Fails with ERR while one is in progress. It is not sent
 * again if its reply is lost, and fails with `AmbiguousOutcome`.
 *
 * @see https://redis.io/docs/latest/commands/bgrewriteaof/
 * @since 0.1.0
 * @category persistence
 */
export const bgrewriteaof = () => make(BGREWRITEAOF, argv())

const LASTSAVE = define({ words: ["LASTSAVE"], mode: "read", decode: epochSeconds })
/**
 * LASTSAVE returns when the server last saved its data to disk, to the second; before the first save it is when
 * the server started.
 *
 * @see https://redis.io/docs/latest/commands/lastsave/
 * @since 0.1.0
 * @category persistence
 */
export const lastsave = () => make(LASTSAVE, argv())

const BACKUP_START = define({ words: ["BACKUP", "START"], mode: "read", repeatable: false, decode: Command.ok })
/**
 * BACKUP START begins a backup of the server's data in the directory `backupdirname`, which must be empty, and returns
 * `"OK"`. Fails with ERR if there is one already. It is not sent again if its reply is lost, and fails with
 * `AmbiguousOutcome`. Needs Redis 8.10. Written from the public documentation: no test runs it on a server.
 *
 * @see https://redis.io/docs/latest/commands/backup-start/
 * @since 0.1.0
 * @category persistence
 */
export const backupStart = () => make(BACKUP_START, argv())

const BACKUP_SEAL = define({ words: ["BACKUP", "SEAL"], mode: "read", repeatable: false, decode: Command.ok })
/**
 * BACKUP SEAL completes a backup whose snapshot is written (`incrementing`): its files, which BACKUP LIST names, do not
 * change any more. The result is `"OK"`. It is not sent again if its reply is lost, and fails with `AmbiguousOutcome`.
 * Needs Redis 8.10. Written from the public documentation: no test runs it on a server.
 *
 * @see https://redis.io/docs/latest/commands/backup-seal/
 * @since 0.1.0
 * @category persistence
 */
export const backupSeal = () => make(BACKUP_SEAL, argv())

const BACKUP_ABORT = define({ words: ["BACKUP", "ABORT"], mode: "read", repeatable: false, decode: Command.ok })
/**
 * BACKUP ABORT ends a backup that is not sealed, and returns `"OK"`. It is not sent again if its reply is lost, and
 * fails with `AmbiguousOutcome`. Needs Redis 8.10. Written from the public documentation: no test runs it on a server.
 *
 * @see https://redis.io/docs/latest/commands/backup-abort/
 * @since 0.1.0
 * @category persistence
 */
export const backupAbort = () => make(BACKUP_ABORT, argv())

const BACKUP_CLEANUP = define({ words: ["BACKUP", "CLEANUP"], mode: "read", repeatable: false, decode: Command.ok })
/**
 * BACKUP CLEANUP deletes the files of a backup that is sealed or has failed, and returns `"OK"`. It is not sent again
 * if its reply is lost, and fails with `AmbiguousOutcome`. Needs Redis 8.10. Written from the public documentation: no
 * test runs it on a server.
 *
 * @see https://redis.io/docs/latest/commands/backup-cleanup/
 * @since 0.1.0
 * @category persistence
 */
export const backupCleanup = () => make(BACKUP_CLEANUP, argv())

const BACKUP_LIST = define({ words: ["BACKUP", "LIST"], mode: "read", decode: Command.words })
/**
 * BACKUP LIST returns the paths of the files of a backup that are complete. Needs Redis 8.10. Written from the public
 * documentation: no test runs it on a server.
 *
 * @see https://redis.io/docs/latest/commands/backup-list/
 * @since 0.1.0
 * @category persistence
 */
export const backupList = () => make(BACKUP_LIST, argv())

/**
 * The state of a backup.
 *
 * @since 0.1.0
 * @category models
 */
export interface BackupStatus {
  /** `idle`, `pending`, `snapshotting`, `incrementing`, `sealed` or `failed`. */
  readonly state: string
  /** Why it failed; `null` if it has not. */
  readonly error: string | null
  /** When it began, to the second; `null` if none did. */
  readonly startedAt: DateTime.Utc | null
  /** When it was sealed, to the second; `null` if it was not. */
  readonly sealedAt: DateTime.Utc | null
}

const backup: Command.Decode<BackupStatus> = Command.map(
  Command.fields({
    state: Command.word,
    error: Command.word,
    startTime: epochSecondsOrNull,
    endTime: epochSecondsOrNull
  }),
  ({ endTime, error, startTime, state }) => ({
    state,
    error: error === "" ? null : error,
    startedAt: startTime,
    sealedAt: endTime
  })
)

const BACKUP_STATUS = define({ words: ["BACKUP", "STATUS"], mode: "read", decode: backup })
/**
 * BACKUP STATUS returns the state of the backup. Needs Redis 8.10. Written from the public documentation: no test runs
 * it on a server.
 *
 * @see https://redis.io/docs/latest/commands/backup-status/
 * @since 0.1.0
 * @category persistence
 */
export const backupStatus = () => make(BACKUP_STATUS, argv())
