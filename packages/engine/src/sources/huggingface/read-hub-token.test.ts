import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { Secret } from '../../runtime/secret.ts'
import { readHubEnvironment } from './hub-environment.ts'
import { findHubToken, readHubToken } from './read-hub-token.ts'

it('sees a person log in and out', async () => {
  await using dir = await tempDir()
  const environment = readHubEnvironment({ HF_HOME: dir.path }, dir.path)
  expect(await readHubToken(environment)).toBeNull()
  await writeFile(dir.join('token'), ' hf_file\r\n')
  expect((await readHubToken(environment))?.reveal()).toBe('hf_file')
  await writeFile(dir.join('token'), '\n')
  expect(await readHubToken(environment)).toBeNull()
})

it('prefers the environment, and sends nothing unasked when told so', async () => {
  await using dir = await tempDir()
  await writeFile(dir.join('token'), 'hf_file')
  const env = { HF_HOME: dir.path, HF_TOKEN: 'hf_env' }
  const token = await readHubToken(readHubEnvironment(env, dir.path))
  expect(token?.reveal()).toBe('hf_env')
  const silent = { ...env, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }
  expect(await readHubToken(readHubEnvironment(silent, dir.path))).toBeNull()
})

it('says when the file is there but cannot be read', async () => {
  await using dir = await tempDir()
  await mkdir(dir.join('token'))
  const environment = readHubEnvironment({ HF_HOME: dir.path }, dir.path)
  await expect(readHubToken(environment)).rejects.toMatchObject({ code: 'EISDIR' })
})

it('takes the one that was given to Windlass before that of the client, and after the environment', async () => {
  await using dir = await tempDir()
  await writeFile(dir.join('token'), 'hf_client')
  await writeFile(dir.join('own'), 'hf_own\n')
  const places = {
    ...readHubEnvironment({ HF_HOME: dir.path }, dir.path),
    ownTokenPath: dir.join('own'),
  }
  const found = await findHubToken(places)
  expect(found).toMatchObject({ from: 'windlass', path: dir.join('own') })
  expect(found?.token.reveal()).toBe('hf_own')
  const inVariable = { ...places, token: new Secret('hf_env') }
  expect(await findHubToken(inVariable)).toMatchObject({ from: 'environment', path: null })
  expect(await findHubToken({ ...places, implicitTokenDisabled: true })).toBeNull()
  await rm(dir.join('own'))
  expect(await findHubToken(places)).toMatchObject({ from: 'client', path: dir.join('token') })
})
