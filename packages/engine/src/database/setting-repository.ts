import type { Kysely } from 'kysely'
import type { Schema } from './schema.ts'

/** What people changed while the program ran, as JSON by name. */
export class SettingRepository {
  readonly #db: Kysely<Schema>

  constructor(database: Kysely<Schema>) {
    this.#db = database
  }

  /** Undefined when nothing was kept under the name. */
  async find(name: string): Promise<unknown> {
    const row = await this.#db
      .selectFrom('setting')
      .select('json')
      .where('name', '=', name)
      .executeTakeFirst()
    return row === undefined ? undefined : JSON.parse(row.json)
  }

  async keep(db: Kysely<Schema>, name: string, value: unknown): Promise<void> {
    const json = JSON.stringify(value)
    await db
      .insertInto('setting')
      .values({ name, json })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ json }))
      .execute()
  }
}
