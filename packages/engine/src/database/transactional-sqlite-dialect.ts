import { SqliteAdapter, SqliteDialect } from 'kysely'

/** Kysely's dialect, but told that SQLite undoes changes of the schema with their transaction. */
export class TransactionalSqliteDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter()
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}
