import { AppError } from '../../../shared/app-error.ts'
import { speakersPage } from '../../../web/pages/board/speakers.ts'
import { errorPage } from '../../../web/pages/error.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { rowStalls } from '../../domain/row-speaker.ts'
import { listSections } from '../../storage/market.ts'
import { listRowMembers, listSpeakers, revokeSpeakers } from '../../storage/row-speaker.ts'
import { sectionScope } from '../../storage/scope.ts'
import type { Services } from '../../services.ts'
import type { Doors, MarketVisit } from '../door.ts'
import { wakeStreams } from '../speaker/stream.ts'
import { newSignInCode } from './sign-in-code.ts'

/** The board sets up the tablets that speak for a row, and turns them off. It hears nothing by it. */
export function setUpSpeakers(doors: Doors, services: Services, frame: Frame): void {
  const { store, now } = services

  doors.market('speaker.invite').get('/board/:market/speakers', async ({ c, scope, market }) => {
    const speakers = await listSpeakers(store, scope, now())
    const rows = []
    for (const { id, name } of await listSections(store, scope)) {
      const members = await listRowMembers(store, sectionScope(market.id, id))
      const [stallCount, agreedCount] = [members.length, rowStalls(members).length]
      if (stallCount > 0) rows.push({ id, name, stallCount, agreedCount, tablets: speakers.get(id) ?? 0 })
    }
    c.header('cache-control', 'no-store')
    return c.html(speakersPage(frame, { market, rows }), 200)
  })

  /** The row named in the form, of this market. */
  const chosenRow = async ({ c, scope }: MarketVisit) => {
    const { section: chosen } = await c.req.parseBody()
    const found = (await listSections(store, scope)).find(({ id }) => String(id) === chosen)
    if (!found) throw new AppError('not_found', 'no such section in this market')
    return found
  }

  doors.market('speaker.invite').post('/board/:market/speakers/sign-in-code', async (visit) => {
    const { c, actor, market } = visit
    const { id, name } = await chosenRow(visit)
    c.header('cache-control', 'no-store')
    const page = await newSignInCode(services, frame, {
      identity: { role: 'speaker', marketId: market.id, vendorId: null, sectionId: id },
      issuedBy: actor.role,
      whom: `loa ${name}`,
      place: market.name,
      advice: 'Mở máy ảnh của máy sẽ làm loa, quét mã này, bấm vào đường dẫn hiện ra, rồi cắm sạc để đó.',
      back: { url: `/board/${market.code}/speakers`, words: 'Loa dãy' },
    })
    return c.html(page, 200)
  })

  doors.market('speaker.invite').post('/board/:market/speakers/sign-out', async (visit) => {
    const { c, market } = visit
    const { id, name } = await chosenRow(visit)
    const scope = sectionScope(market.id, id)
    const ended = await store.write((tx) => revokeSpeakers(tx, scope, now()))
    const members = await listRowMembers(store, scope)
    wakeStreams(
      services,
      scope,
      members.map(({ stallId }) => ({ id: stallId })),
    )
    const heading = `Đã tắt ${ended} loa của ${name}`
    const advice = 'Từ giờ các máy đó không báo gì nữa. Muốn dùng lại thì cấp mã mới.'
    const link = { url: `/board/${market.code}/speakers`, words: 'Loa dãy' }
    return c.html(errorPage(frame, { heading, advice, link }), 200)
  })
}
