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

const MAX_TOKEN_LENGTH = 500

/** What is wrong with the token of a source's history, in words; nothing given is fine. */
export function tokenProblem(token: string): string | undefined {
  return /^[\x21-\x7e]*$/.test(token) && token.length <= MAX_TOKEN_LENGTH
    ? undefined
    : 'Token không đúng: chép lại nguyên cả dòng ở SePay, không khoảng trắng.'
}
