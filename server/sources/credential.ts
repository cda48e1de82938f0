import type { Access, Source } from './source.ts'

/** A shorter one could be tried out. */
const MIN_LENGTH = 16
const MAX_LENGTH = 200
const MAX_TOKEN_LENGTH = 500

const EMPTY = 'Chỗ này còn trống.'

/** What is wrong with a secret somebody gave us, in words; none given is fine where one is made here. */
export function secretProblem({ secret: field, name }: Source, secret: string): string | undefined {
  if (secret === '') return field.madeHere ? undefined : `${EMPTY} ${name} cho khoá này.`
  if (field.problem) return field.problem(secret)
  const isSound = /^[\x21-\x7e]*$/.test(secret) && secret.length >= MIN_LENGTH && secret.length <= MAX_LENGTH
  if (isSound) return undefined
  const otherwise = field.madeHere ? ' Để trống thì Chợ 4.0 tạo giúp.' : ''
  return `Khoá có từ ${MIN_LENGTH} đến ${MAX_LENGTH} ký tự, không dấu, không khoảng trắng.${otherwise}`
}

/** What is wrong with which field of what calling a source's API takes, in words; nothing given at all is fine. */
export function accessProblems({ access: fields, console }: Source, access: Access): Record<string, string> {
  const isEmpty = fields.every(({ name }) => !access[name])
  const problems: Record<string, string> = {}
  for (const { name } of fields) {
    const text = access[name] ?? ''
    if (text === '' && !isEmpty) problems[name] = EMPTY
    if (!/^[\x21-\x7e]*$/.test(text) || text.length > MAX_TOKEN_LENGTH)
      problems[name] = `Token không đúng: chép lại nguyên cả dòng ở ${console}, không khoảng trắng.`
  }
  return problems
}
