import type { RowStall } from '../../shared/wire.ts'
import type { RowMember } from '../storage/row-speaker.ts'

const MAX_NUMBER = 999

/** The stalls a row's speaker tells of, each with its number where that can be said without meaning another. */
export function rowStalls(members: readonly RowMember[]): RowStall[] {
  const numbers = members.map((member) => onlyNumber(member.name))
  return members.flatMap(({ name, tells, vendor }, index) => {
    if (tells === 'nothing' || !vendor) return []
    const number = numbers[index] ?? null
    const isOwn = numbers.filter((one) => one === number).length === 1
    return {
      name,
      number: isOwn ? number : null,
      tellsAmount: tells === 'amount',
      dialect: { thousand: vendor.thousand, odd: vendor.odd },
    }
  })
}

/** «A12» → 12; none of «Cá cô Bảy», nor of «3-15», which is two. */
function onlyNumber(name: string): number | null {
  const found = name.match(/\d+/g) ?? []
  const number = Number(found[0])
  return found.length === 1 && number >= 1 && number <= MAX_NUMBER ? number : null
}
