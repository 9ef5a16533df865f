import { expect, it } from 'vitest'
import { isPrivateName } from './is-private-name.ts'

it.each([
  'localhost',
  'LOCALHOST',
  'localhost.',
  'a.localhost',
  'printer',
  'printer.local',
  'metadata.google.internal',
  'metadata.google.internal.',
  'nas.lan',
  'router.home.arpa',
  'wiki.corp',
  'localhost.localdomain',
])('%s is private', (name) => {
  expect(isPrivateName(name)).toBe(true)
})

it.each([
  'huggingface.co',
  'cdn-lfs.huggingface.co',
  'cas-bridge.xethub.hf.co',
  'us.aws.cdn.hf.co',
  'hf-mirror.com',
  'civitai.com',
  'civitai-delivery-worker-prod.5ac0637cfd0766c97916cefa3764fbdf.r2.cloudflarestorage.com',
  'github.com',
  'objects.githubusercontent.com',
  'storage.googleapis.com',
  's3.amazonaws.com',
  'www.youtube.com',
  'youtu.be',
  'archive.org',
  'localhost.example.org',
  'local.example.org',
  'internal.dev',
  'mylocal.net',
  'xn--bcher-kva.de',
  'example.museum',
  'home.cern',
])('%s may be looked up', (name) => {
  expect(isPrivateName(name)).toBe(false)
})
