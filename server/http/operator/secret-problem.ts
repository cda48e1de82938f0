/** A shorter one could be tried out. */
const MIN_LENGTH = 16
const MAX_LENGTH = 200

/** What is wrong with a secret somebody gave us, in words; nothing given is fine, for then one is made. */
export function secretProblem(secret: string): string | undefined {
  if (secret === '') return undefined
  const isSound = /^[\x21-\x7e]*$/.test(secret) && secret.length >= MIN_LENGTH && secret.length <= MAX_LENGTH
  return isSound
    ? undefined
    : `Khoá có từ ${MIN_LENGTH} đến ${MAX_LENGTH} ký tự, không dấu, không khoảng trắng. Để trống thì Chợ 4.0 tạo giúp.`
}
