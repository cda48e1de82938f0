/** Reads a photographed code on this very phone: only its text goes on, never the photograph. */

/** What some browsers bring; TypeScript's own library does not know it yet. */
interface BarcodeDetector {
  detect(image: ImageBitmapSource): Promise<{ rawValue: string }[]>
}
interface BarcodeDetectorClass {
  new (options: { formats: string[] }): BarcodeDetector
  getSupportedFormats(): Promise<string[]>
}

/** Longer sides to try: a code that fills the picture is found in the small one, quickly and whatever the grain. */
const SIDES = [480, 800, 1600]

async function open(photo: File): Promise<HTMLImageElement> {
  const image = new Image()
  // Not a blob: address, which the page's policy does not let in.
  image.src = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader()
    reader.addEventListener('load', () => resolve(reader.result as string))
    reader.addEventListener('error', () => reject(new Error('The picture cannot be read')))
    reader.readAsDataURL(photo)
  })
  await image.decode()
  return image
}

function scaled(image: HTMLImageElement, side: number): CanvasRenderingContext2D {
  const scale = Math.min(1, side / Math.max(image.naturalWidth, image.naturalHeight))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale))
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale))
  const context = canvas.getContext('2d')!
  // A picture without a ground of its own lies on paper.
  context.fillStyle = '#fff'
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(image, 0, 0, canvas.width, canvas.height)
  return context
}

async function detect(image: HTMLImageElement): Promise<string | undefined> {
  const Detector = (globalThis as { BarcodeDetector?: BarcodeDetectorClass }).BarcodeDetector
  if (!Detector || !(await Detector.getSupportedFormats()).includes('qr_code')) return undefined
  const [found] = await new Detector({ formats: ['qr_code'] }).detect(image)
  return found?.rawValue
}

async function read(photo: File): Promise<string | undefined> {
  const image = await open(photo)
  const detected = await detect(image).catch(() => undefined)
  if (detected) return detected
  const { default: jsqr } = await import('jsqr')
  for (const side of SIDES) {
    const context = scaled(image, side)
    const { width, height } = context.canvas
    const found = jsqr.default(context.getImageData(0, 0, width, height).data, width, height)
    if (found?.data) return found.data
  }
  return undefined
}

/** Waits for photographs at the page's `[data-photo]` and hands on the text of each code; what it sees else it says there. */
export function onPhotographedCode(use: (payload: string) => void): void {
  const input = document.querySelector<HTMLInputElement>('[data-photo]')!
  const words = document.querySelector('[data-field=photo]')!
  const take = async (photo: File) => {
    words.textContent = 'Đang đọc ảnh…'
    // What cannot be opened has no code in it either.
    const text = await read(photo).catch(() => undefined)
    // The same picture may be chosen again.
    input.value = ''
    if (text !== undefined) return use(text)
    words.textContent = 'Không thấy mã nào trong ảnh. Chụp lại gần hơn, thẳng mặt, đủ sáng.'
  }
  input.addEventListener('change', () => {
    const photo = input.files?.[0]
    if (photo) void take(photo)
  })
}
