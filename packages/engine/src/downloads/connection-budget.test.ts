import { expect, it } from 'vitest'
import { StopRequest } from '../runtime/stop-request.ts'
import { ConnectionBudget } from './connection-budget.ts'

const signal = new AbortController().signal

it('lends what no file needs, and no more', async () => {
  const budget = new ConnectionBudget(3)
  const leave = await budget.enter({ signal })
  const loans = [budget.borrow(), budget.borrow()]
  expect(loans.every((loan) => loan !== null)).toBe(true)
  expect(budget.borrow()).toBeNull()
  loans[0]?.giveBack()
  loans[0]?.giveBack()
  expect(budget.used).toBe(2)
  leave()
  leave()
  expect(budget.used).toBe(1)
  expect([budget.borrow(), budget.borrow()].every((loan) => loan !== null)).toBe(true)
})

it('recalls a connection for a file that has none, and lends it to nobody else meanwhile', async () => {
  const budget = new ConnectionBudget(2)
  await budget.enter({ signal })
  const loan = budget.borrow()
  const entered = budget.enter({ signal })
  expect(loan?.recalled.aborted).toBe(true)
  expect(budget.used).toBe(2)
  loan?.giveBack()
  const leave = await entered
  expect(budget.used).toBe(2)
  expect(budget.borrow()).toBeNull()
  leave()
  expect(budget.borrow()).not.toBeNull()
})

it('forgets a file that stopped waiting', async () => {
  const budget = new ConnectionBudget(1)
  const leave = await budget.enter({ signal })
  const controller = new AbortController()
  const entered = budget.enter({ signal: controller.signal })
  const stop = new StopRequest('pause')
  controller.abort(stop)
  await expect(entered).rejects.toBe(stop)
  leave()
  expect(budget.used).toBe(0)
})

it('shrinks: recalls what is lent beyond that, once, and lends no more', async () => {
  const budget = new ConnectionBudget(4)
  const leave = await budget.enter({ signal })
  const loans = [budget.borrow(), budget.borrow(), budget.borrow()]
  const recalled = (): boolean[] => loans.map((loan) => loan?.recalled.aborted === true)
  budget.shrinkTo(2)
  budget.shrinkTo(2)
  expect(recalled()).toEqual([false, true, true])
  loans[1]?.giveBack()
  loans[2]?.giveBack()
  expect(budget.borrow()).toBeNull()
  budget.shrinkTo(0)
  loans[0]?.giveBack()
  leave()
  await budget.enter({ signal })
  expect([budget.used, budget.borrow()]).toEqual([1, null])
})
