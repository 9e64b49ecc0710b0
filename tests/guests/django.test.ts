import { equal, match, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileScope } from '../kit/ends.ts'
import { folder, PYTHON } from '../kit/server.ts'
import { Browser } from './browser.ts'
import { GUESTS, type Guest, startGuest, visit } from './visit.ts'

const SITE = join(GUESTS, 'django_site')
const own = folder(fileScope)
const environment = { GUEST_FOLDER: own, DJANGO_SETTINGS_MODULE: 'shop.settings' }

const guest: Guest = {
  name: 'Django',
  // Found by itself: manage.py names the settings, and those WSGI_APPLICATION.
  app: '',
  target: 'shop.wsgi:application',
  cwd: SITE,
  environment,
}

function manage(...args: string[]): void {
  execFileSync(PYTHON, ['manage.py', ...args], {
    cwd: SITE,
    env: { ...process.env, ...environment, DJANGO_SUPERUSER_PASSWORD: 'secret-enough', PYTHONWARNINGS: 'ignore' },
  })
}

manage('migrate', '--verbosity', '0')
manage('createsuperuser', '--noinput', '--username', 'admin', '--email', 'admin@example.com')

visit(guest)

for (const isChecked of [false, true])
  test(`the admin${isChecked ? ' under wsgiref.validate' : ''}`, { timeout: 60_000 }, async (t) => {
    const server = await startGuest(t, guest, isChecked)
    const browser = new Browser(server.link)
    const login = await browser.get('/to-admin')
    match(login.path, /^\/admin\/login\/\?next=/)
    const page = login.bytes.toString()
    const sheet = /href="(\/static\/admin\/css\/base[^"]*\.css)"/.exec(page)?.[1]
    ok(sheet, page)
    const css = await browser.get(sheet)
    equal(css.status, 200)
    match(css.headers.get('content-type') ?? '', /^text\/css/)
    const wrong = await browser.submit('/admin/login/?next=/admin/', {
      ...token(page),
      username: 'admin',
      password: 'no',
    })
    match(wrong.bytes.toString(), /correct username/)
    const inside = await browser.submit('/admin/login/?next=/admin/', {
      ...token(page),
      username: 'admin',
      password: 'secret-enough',
    })
    equal(inside.path, '/admin/')
    ok(browser.cookie('sessionid'))
    const form = await browser.get('/admin/shop/item/add/')
    const bytes = Buffer.alloc(3_500_000, 'picture ')
    const added = await browser.upload('/admin/shop/item/add/', {
      ...token(form.bytes.toString()),
      name: `a teapot ${isChecked}`,
      picture: new File([bytes], `teapot-${isChecked}.bin`),
    })
    equal(added.path, '/admin/shop/item/', added.bytes.toString())
    match(added.bytes.toString(), new RegExp(`a teapot ${isChecked}`))
    ok(readFileSync(join(own, `media/pictures/teapot-${isChecked}.bin`)).equals(bytes))
    const refused = await new Browser(server.link).submit('/admin/login/', {
      username: 'admin',
      password: 'secret-enough',
    })
    equal(refused.status, 403)
  })

/** The field that Django wants back from each of its forms. */
function token(page: string): { csrfmiddlewaretoken: string } {
  const value = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(page)?.[1]
  ok(value, 'the form has its token')
  return { csrfmiddlewaretoken: value }
}
