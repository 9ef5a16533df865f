import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Downloads, what they resolved to, and the event log. */
export const downloads: Migration = {
  // Kysely's own signature: a migration sees tables that no current type describes.
  async up(db: Kysely<never>): Promise<void> {
    await sql`
      create table download (
        id text primary key,
        source text not null,
        canonical text not null,
        ref text not null,
        include text,
        exclude text,
        job_key text not null,
        title text not null,
        state text not null,
        reason text,
        priority integer not null,
        position integer not null,
        interrupted integer not null default 0,
        fence integer not null default 0,
        attempts integer not null default 0,
        revision text,
        destination text,
        result text,
        receipt text,
        cleanup_pending integer not null default 0,
        received_bytes integer not null default 0,
        total_bytes integer,
        files_done integer not null default 0,
        files_total integer,
        retry_at integer,
        created_at integer not null,
        started_at integer,
        finished_at integer,
        elapsed_ms integer not null default 0
      ) strict`.execute(db)
    await sql`create index download_by_state on download (state, interrupted, priority, position)`.execute(
      db,
    )
    await sql`create index download_by_job on download (job_key, created_at)`.execute(db)
    await sql`create index download_by_position on download (position)`.execute(db)
    await sql`
      create table resolution (
        download_id text primary key references download (id) on delete cascade,
        json text not null,
        files text
      ) strict`.execute(db)
    await sql`
      create table event (
        seq integer primary key autoincrement,
        at integer not null,
        type text not null,
        download_id text not null,
        data text not null
      ) strict`.execute(db)
  },
}
